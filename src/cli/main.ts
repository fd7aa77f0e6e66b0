import { systemClock, systemRandom } from '../base/system.ts';
import { loadConfig } from '../config/index.ts';
import { run } from './run.ts';
import { processTerminal } from './terminal.ts';

process.exitCode = await run(process.argv.slice(2), {
  readConfig: () => loadConfig(),
  terminal: processTerminal,
  clock: systemClock,
  random: systemRandom,
});
