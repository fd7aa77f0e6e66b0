import { flushCompileCache } from 'node:module';
import { toError } from '../base/index.ts';
import { processGauges, systemClock, systemRandom } from '../base/system.ts';
import { jsonLogger } from './json-log.ts';
import { takePrecedence } from './precedence.ts';
import { parseSettings } from './settings.ts';

/** The media process: `node src/media-process/main.ts '<settings as JSON>'`. Ends on SIGTERM. */
async function main(): Promise<void> {
  const settings = parseSettings(process.argv[2]);
  const log = jsonLogger(
    {
      level: settings.logLevel,
      now: () => systemClock.now(),
      write: (line) => void process.stdout.write(line),
    },
    { process: 'media' },
  );
  // Whoever read our log may be gone; the calls are not.
  process.stdout.on('error', () => undefined);
  // A bug in one packet or command must not end every call.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'uncaught'));
  process.on('unhandledRejection', (reason) =>
    log.error({ err: toError(reason) }, 'unhandled rejection'),
  );
  takePrecedence(log);
  // Loaded with precedence already, and from the cache the next time: callers wait in silence for it.
  const { startMediaProcess } = await import('./media-process.ts');
  flushCompileCache();
  const running = await startMediaProcess(settings, {
    clock: systemClock,
    random: systemRandom,
    log,
    processGauges,
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void running.close().finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  const { message } = toError(error);
  process.stderr.write(`media process cannot start: ${message}\n`);
  process.exit(1);
});
