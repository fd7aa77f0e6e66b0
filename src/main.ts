import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import { AppError, toError } from './base/index.ts';
import { loadConfig, readInternal } from './config/index.ts';
import { App } from './app.ts';

/** What is wrong until somebody changes it: the keeper stops instead of starting us again. */
const NO_RESTART_HELPS = new Set([
  'schema-newer',
  'schema-differs',
  'database-unusable',
  'tls-unusable',
  'demo-invalid',
  'route-without-policy',
]);
/** sysexits.h EX_CONFIG */
const EXIT_UNUSABLE = 78;

const config = loadConfig();
const internal = readInternal();
// Lines leave ten times a second in one write; those of an orderly or fatal end leave with it.
const stdout = pino.destination({ dest: 1, sync: true, minLength: 8192, periodicFlush: 100 });
const log = pino({ level: config.logLevel, base: { process: 'app' } }, stdout);

if (internal === undefined) {
  log.fatal({}, 'start Denwaban with "npm start": the app needs its keeper');
  process.exit(1);
}

const app = new App(config, internal, log);

/**
 * SIGTERM, as a crash, leaves the calls to the next app; the keeper, who knows that there will be none,
 * says SIGUSR2 (they may end in their own time) and SIGINT (they end at once).
 */
const leaving = new AbortController();
const leave = (how: 'drain' | 'end' | 'hand-over') => (): void => {
  leaving.abort();
  void app.stop(how).then(
    () => process.exit(0),
    (thrown: unknown) => {
      log.error({ err: toError(thrown) }, 'stopping failed');
      process.exit(1);
    },
  );
};
process.on('SIGTERM', leave('hand-over'));
process.on('SIGUSR2', leave('drain'));
process.on('SIGINT', leave('end'));
process.on('unhandledRejection', (thrown) => {
  log.error({ err: toError(thrown) }, 'a fault outside any call');
});

try {
  await app.start();
  // Nobody writes it for a process that is killed.
  flushCompileCache();
} catch (thrown) {
  const error = toError(thrown);
  // Asked to go before it was up: what it was at is cut short, and it ends when all is put away.
  if (leaving.signal.aborted) await new Promise(() => undefined);
  log.fatal({ err: error }, error.message);
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof AppError && NO_RESTART_HELPS.has(error.code) ? EXIT_UNUSABLE : 1);
}
