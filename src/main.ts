import { pino } from 'pino';
import { toError } from './base/index.ts';
import { loadConfig, readInternal } from './config/index.ts';
import { App } from './app.ts';

const config = loadConfig();
const internal = readInternal();
const log = pino({ level: config.logLevel, base: { process: 'app' } });

if (internal === undefined) {
  log.fatal({}, 'start Denwaban with "npm start": the app needs its keeper');
  process.exit(1);
}

const app = new App(config, internal, log);

/** SIGTERM and SIGINT end calls, in their own time or at once; SIGUSR2 leaves them to the next app. */
const leave = (how: 'drain' | 'end' | 'hand-over') => (): void => {
  void app.stop(how).then(
    () => process.exit(0),
    (thrown: unknown) => {
      log.error({ err: toError(thrown) }, 'stopping failed');
      process.exit(1);
    },
  );
};
process.on('SIGTERM', leave('drain'));
process.on('SIGINT', leave('end'));
process.on('SIGUSR2', leave('hand-over'));
process.on('unhandledRejection', (thrown) => {
  log.error({ err: toError(thrown) }, 'a fault outside any call');
});

try {
  await app.start();
} catch (thrown) {
  log.fatal({ err: toError(thrown) }, toError(thrown).message);
  process.exit(1);
}
