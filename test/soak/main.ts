import { parseArgs } from 'node:util';
import { kills } from './kills.ts';
import type { Weights } from './kills.ts';
import { outage } from './outage.ts';

const USAGE = `npm run soak -- kills [--kills 100] [--calls 8] [--seed N] [--minutes N]
  [--weights app=8,app-asked=1,media=1,postgres=1,keeper=1]
npm run soak -- outage [--seconds 60] [--calls 13] [--seed N]`;
const PARTS = ['app', 'app-asked', 'media', 'postgres', 'keeper'];

/** Long trials of the whole product: they end by themselves, leave nothing, and say what went wrong. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kills: { type: 'string', default: '100' },
      calls: { type: 'string' },
      seed: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      minutes: { type: 'string', default: '600' },
      weights: { type: 'string', default: 'app=8,app-asked=1,media=1,postgres=1,keeper=1' },
    },
  });
  const weights = weightsOf(values.weights);
  const [what = ''] = positionals;
  if (!['kills', 'outage'].includes(what) || weights === undefined) {
    say(USAGE);
    process.exitCode = 2;
    return;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  say(`seed ${seed}`);
  if (what === 'outage') {
    // One in each state.
    const { seconds, calls = '13' } = values;
    const found = await outage({ seconds: Number(seconds), calls: Number(calls), seed, say });
    for (const violation of found) say(`  VIOLATION: ${violation}`);
    say(`${found.length} violations (--seed ${seed})`);
    process.exitCode = found.length === 0 ? 0 : 1;
    return;
  }
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isAsked = true));
  const endMs = performance.now() + Number(values.minutes) * 60_000;
  const result = await kills({
    kills: Number(values.kills),
    calls: Number(values.calls ?? '8'),
    seed,
    weights,
    say,
    isOver: () => isAsked || performance.now() > endMs,
  });
  say(`${result.kills} kills, ${result.violations.length} violations (--seed ${seed})`);
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}

function weightsOf(text: string): Weights | undefined {
  const entries = text.split(',').map((one) => one.split('='));
  if (entries.some(([name = '', weight]) => !PARTS.includes(name) || !(Number(weight) >= 0))) {
    return undefined;
  }
  return Object.fromEntries(entries.map(([name = '', weight]) => [name, Number(weight)]));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
process.exit();
