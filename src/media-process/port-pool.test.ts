import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { PortPool } from './port-pool.ts';
import type { UdpSockets } from './udp-port.ts';

function pool(range: [number, number], taken: number[] = []) {
  const clock = new ManualClock();
  const open = new Set<number>();
  const openPort: UdpSockets['open'] = (_address, port) => {
    if (taken.includes(port)) return Promise.resolve(undefined);
    open.add(port);
    return Promise.resolve({
      port,
      read: nothing,
      send: nothing,
      close: () => {
        open.delete(port);
        return Promise.resolve();
      },
    });
  };
  const sockets = { open: openPort, onBeat: nothing };
  const ports = new PortPool({ bindAddress: '127.0.0.1', range, clock, sockets });
  const take = () => ports.take(nothing, nothing);
  return { clock, open, ports, take };
}
const nothing = (): undefined => undefined;

describe('PortPool', () => {
  it('gives even ports with their neighbours until the range is used up', async () => {
    const { take, open } = pool([20_001, 20_006]);
    expect((await take())?.rtp.port).toBe(20_002);
    expect((await take())?.rtcp.port).toBe(20_005);
    expect(await take()).toBeUndefined();
    expect([...open]).toEqual([20_002, 20_003, 20_004, 20_005]);
  });

  it('lets a freed pair rest for two seconds', async () => {
    const { take, ports, clock, open } = pool([20_000, 20_001]);
    const pair = await take();
    await ports.release(pair!);
    expect(open.size).toBe(0);
    clock.advance(1999);
    expect(await take()).toBeUndefined();
    clock.advance(1);
    expect((await take())?.rtp.port).toBe(20_000);
  });

  it('steps over ports of other programs and leaves no half pair open', async () => {
    const { take, open } = pool([20_000, 20_005], [20_000, 20_003]);
    expect((await take())?.rtp.port).toBe(20_004);
    expect([...open]).toEqual([20_004, 20_005]);
  });
});
