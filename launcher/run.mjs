import { spawn } from 'node:child_process';

/** npm runs us below a shell, which dies of a signal to npm without handing it on. */
const PARENT = process.env.npm_lifecycle_event === undefined ? undefined : process.ppid;
const PARENT_WATCH_MS = 500;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end, handing every signal on to it, and resolves with how it ended.
 * A program started with `tied` has a channel that closes when this process goes without a word.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, tied?: boolean, quiet?: boolean, env?: NodeJS.ProcessEnv,
 *   onStart?: (pid: number) => void }} options
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, output: string,
 *   asked: NodeJS.Signals | null }>} `asked` is the last signal handed on
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const io = options.quiet ? ['ignore', 'pipe', 'pipe'] : ['inherit', 'inherit', 'inherit'];
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: options.tied ? [...io, 'ipc'] : io,
    });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    let asked = null;
    const handlers = FORWARDED.map((signal) => {
      const handler = () => {
        asked = signal;
        child.kill(signal);
      };
      return [signal, handler];
    });
    for (const [signal, handler] of handlers) process.on(signal, handler);
    const watch = setInterval(() => {
      if (PARENT === undefined || process.ppid === PARENT) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, PARENT_WATCH_MS).unref();
    const release = () => {
      clearInterval(watch);
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
    child.once('spawn', () => options.onStart?.(child.pid));
    child.once('error', (error) => {
      release();
      reject(error);
    });
    child.once('close', (code, signal) => {
      release();
      resolve({ code, signal, output, asked });
    });
  });
}

/** Ends this process the way the child ended, so that whoever waits for us sees the same. */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  // Unless the signal is one that does not end a Node process by itself.
  setTimeout(() => process.exit(1), 1000);
}
