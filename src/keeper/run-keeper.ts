import pino from 'pino';
import { AppError, toError } from '../base/index.ts';
import { systemClock } from '../base/system.ts';
import { loadConfig } from '../config/index.ts';
import type { Config } from '../config/index.ts';
import { Keeper } from './keeper.ts';
import type { KeeperOptions } from './keeper.ts';

/** One press of Ctrl-C may arrive several times: from the terminal, from npm, from the launcher. */
const SAME_PRESS_MS = 500;
const EXIT_UNUSABLE = 78;

/**
 * The whole life of a keeper process, from reading the settings to the exit code: 0 after an
 * orderly stop, 78 when the settings or a program cannot work, 1 for any other failed start.
 */
export async function runKeeper(entries: KeeperOptions['entries']): Promise<never> {
  // Recordings and messages are nobody else's business, whatever the user's own habit is.
  process.umask(0o077);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exit(await keepRunning(entries));
  } catch (thrown) {
    const error = toError(thrown);
    say(sentenceOf(error));
    const isSetting = error instanceof AppError && error.code === 'config.invalid';
    process.exit(isSetting ? EXIT_UNUSABLE : 1);
  }
}

function sentenceOf(error: Error): string {
  if (error instanceof AppError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return 'The disk of the data folder is full: make room there, then start again.';
  }
  return error.stack ?? error.message;
}

async function keepRunning(entries: KeeperOptions['entries']): Promise<number> {
  const config = readSettings();
  const log = pino({ level: config.logLevel, base: { process: 'keeper' } });
  const keeper = new Keeper({ config, entries, clock: systemClock, log });
  const asked = whenAskedToStop(keeper);
  const started = keeper.start().then(() => new Promise<never>(() => undefined));
  try {
    const reason = await Promise.race([started, asked, keeper.fatal]);
    if (reason === undefined) return 0;
    say(`Denwaban stops: ${reason}. The lines above say why.`);
    return EXIT_UNUSABLE;
  } finally {
    await keeper.stop();
  }
}

function readSettings(): Config {
  const unknown = process.argv.slice(2).find((argument) => argument !== '--demo');
  if (unknown !== undefined) {
    throw new AppError('config.invalid', `npm start knows the option --demo only, not ${unknown}.`);
  }
  const config = loadConfig();
  return process.argv.includes('--demo') ? { ...config, demo: true } : config;
}

function whenAskedToStop(keeper: Keeper): Promise<undefined> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const ask = (): void => {
      const nowMs = systemClock.monotonic();
      if (firstMs === undefined) {
        firstMs = nowMs;
        say('Stopping; calls may end within 30 s. Ctrl-C again ends them at once.');
        resolve(undefined);
      } else if (nowMs - firstMs > SAME_PRESS_MS) void keeper.stop();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
    // The launcher is gone without a word.
    process.on('disconnect', ask);
  });
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
