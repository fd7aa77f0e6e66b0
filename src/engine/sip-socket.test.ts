import { expect, it } from 'vitest';
import { silentLogger } from '../base/index.ts';
import { until } from '../../test/harness/platform.ts';
import { SipSocket } from './sip-socket.ts';

const OWN = { fd: null, port: 0, bind: '127.0.0.1', log: silentLogger };

it('keeps what comes before it is told to listen', async () => {
  const [early, other] = [await SipSocket.open(OWN), await SipSocket.open(OWN)];
  other.send('OPTIONS', { address: '127.0.0.1', port: early.port });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const got: string[] = [];
  early.listen((message) => got.push(message));
  await until(() => got.length === 1, 5_000);
  other.send('BYE', { address: '127.0.0.1', port: early.port });
  await until(() => got.length === 2, 5_000);
  expect(got).toEqual(['OPTIONS', 'BYE']);
  await Promise.all([early.close(), other.close()]);
});

it('says nothing and throws nothing once it is closed', async () => {
  const socket = await SipSocket.open(OWN);
  const destination = { address: '127.0.0.1', port: socket.port };
  await socket.close();
  expect(() => socket.send('BYE', destination)).not.toThrow();
});
