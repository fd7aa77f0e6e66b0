import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';

let platform: Platform;
const sockets: Socket[] = [];

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await platform.stop();
});

const OPTIONS = [
  'OPTIONS sip:denwaban@127.0.0.1 SIP/2.0',
  'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKprobe',
  'Max-Forwards: 70',
  'From: <sip:probe@127.0.0.1>;tag=1',
  'To: <sip:denwaban@127.0.0.1>',
  'Call-ID: probe',
  'CSeq: 1 OPTIONS',
  'Content-Length: 0',
  '\r\n',
].join('\r\n');

/** Connects and asks; what comes back is the first line. */
function ask(): () => string {
  const socket = connect({ host: '127.0.0.1', port: platform.ports.sip });
  sockets.push(socket);
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(OPTIONS);
  return () => text.split('\r\n')[0] ?? '';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a connection made while no app is there is served by the next one', async () => {
  const before = ask();
  await until(() => before() === 'SIP/2.0 200 OK', 10_000);
  const pid = platform.kill('app');
  await until(() => !isAlive(pid), 10_000);
  const between = ask();
  await until(() => between() === 'SIP/2.0 200 OK', 60_000);
  expect(platform.pidOf('app')).not.toBe(pid);
});
