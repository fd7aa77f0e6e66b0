import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/index.ts';
import { systemClock } from '../../src/base/system.ts';
import { MediaProcessClient } from '../../src/engine/index.ts';
import { compiledTogether } from './ready-folder.ts';

const ENTRY = join(import.meta.dirname, '../../src/media-process/main.ts');

export type TestMediaProcess = {
  /** Own folder for sockets, prompts and recordings; removed by `stop`. */
  folder: string;
  controlSocket: string;
  child: ChildProcess;
  /** What the process wrote so far. */
  output: () => string;
  /** A controller; closed by `stop`. */
  attach: (epoch: number) => Promise<MediaProcessClient>;
  /** Open sockets and files of the process. */
  openFiles: () => number;
  /** SIGTERM, then everything is removed. */
  stop: () => Promise<void>;
};

/** Starts the real media process on loopback with ports of its own. */
export async function startTestMediaProcess(
  options: { rtpPortPairs?: number } = {},
): Promise<TestMediaProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'denwaban-media-'));
  const controlSocket = join(folder, 'control.sock');
  const from = await freeRange((options.rtpPortPairs ?? 50) * 2);
  const settings = {
    controlSocket,
    rtpPorts: [from, from + (options.rtpPortPairs ?? 50) * 2 - 1],
    webrtcPort: 0,
    bindAddress: '127.0.0.1',
    mediaAddresses: ['127.0.0.1'],
    promptsDir: join(folder, 'prompts'),
    logLevel: 'info',
  };
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...compiledTogether() },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const clients: MediaProcessClient[] = [];
  await waitFor(() => output.includes('media process ready') || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(`media process ended: ${output}`);
  return {
    folder,
    controlSocket,
    child,
    output: () => output,
    attach: async (epoch) => {
      const client = new MediaProcessClient({
        socketPath: controlSocket,
        epoch,
        clock: systemClock,
        log: silentLogger,
      });
      clients.push(client);
      await client.connect();
      return client;
    },
    openFiles: () => readdirSync(`/proc/${String(child.pid)}/fd`).length,
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends a child in order and waits until it is gone. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(limit);
}

/** Waits until something is so, at most `limitMs`. */
export async function waitFor(isSo: () => boolean, limitMs = 15_000): Promise<void> {
  const start = performance.now();
  while (!isSo()) {
    if (performance.now() - start > limitMs) throw new Error(`not so: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The first port of a range of which the ends are free now, away from the ephemeral ports. */
async function freeRange(length: number): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const from = 10_000 + 2 * Math.floor(Math.random() * 9_000);
    if ((await isFree(from)) && (await isFree(from + length - 1))) return from;
  }
  throw new Error('no free UDP ports between 10000 and 28000');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

/** Whether a file is there; for waiting. */
export function isThere(path: string): boolean {
  return existsSync(path);
}
