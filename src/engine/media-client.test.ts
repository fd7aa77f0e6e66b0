import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, asId, silentLogger } from '../base/index.ts';
import { LineReader, encodeLine, parseFromController } from '../media/index.ts';
import type { ControlCommand, MediaEvent } from '../media/index.ts';
import { MediaProcessClient } from './media-client.ts';

const EMPTY = { legs: [], hearing: [], recordings: [], playbacks: [] };
const leg = asId<never>('leg_a');

describe('MediaProcessClient', () => {
  let folder: string;
  let server: Server;
  let clock: ManualClock;
  let client: MediaProcessClient;
  let sockets: Socket[];
  let commands: ControlCommand[];
  let acks: number[];
  let events: MediaEvent[];
  let answer: (command: ControlCommand) => unknown;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'denwaban-client-'));
    [sockets, commands, acks, events] = [[], [], [], []];
    answer = (command) =>
      command.type === 'attach'
        ? { ok: true, value: { incarnation: 'one', state: EMPTY } }
        : { ok: true, value: null };
    server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
    clock = new ManualClock();
    client = new MediaProcessClient({
      socketPath: join(folder, 's'),
      epoch: 3,
      clock,
      log: silentLogger,
    });
    client.onEvent((event) => events.push(event));
  });

  afterEach(async () => {
    await client.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  function serve(socket: Socket): void {
    const reader = new LineReader();
    sockets.push(socket);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of reader.push(chunk) ?? []) {
        const message = parseFromController(line);
        if (!message) throw new Error(`bad line ${line}`);
        if ('ack' in message) {
          acks.push(message.ack);
          continue;
        }
        const { id, command } = message.request;
        commands.push(command);
        const result = answer(command);
        if (result !== undefined) socket.write(encodeLine({ id, result }));
      }
    });
  }
  const event = (number: number): string =>
    encodeLine({ event: number, body: { type: 'leg.first-media', leg, at: number } });

  it('attaches with its epoch and says that the plane is up and fresh', async () => {
    expect(await client.connect()).toBe(true);
    expect(commands).toEqual([{ type: 'attach', version: 1, epoch: 3, afterEvent: 0 }]);
    expect(events).toEqual([{ type: 'plane.up', at: clock.now(), fresh: true }]);
    expect(await client.closeLeg(leg)).toEqual({ ok: true, value: null });
  });

  it('hands events on once, in order, and acknowledges them', async () => {
    await client.connect();
    sockets[0]!.write(event(1) + event(2) + event(2) + event(1) + event(3));
    await expect.poll(() => acks).toEqual([1, 2, 3]);
    expect(events.slice(1).map(({ at }) => at)).toEqual([1, 2, 3]);
  });

  it('comes back by itself, asks for what it missed, and knows the same process again', async () => {
    await client.connect();
    sockets[0]!.write(event(1));
    await expect.poll(() => acks).toEqual([1]);
    sockets[0]!.destroy();
    await expect.poll(() => events.at(-1)?.type).toBe('plane.down');
    expect(await client.inventory()).toEqual({ ok: false, reason: 'plane-down' });
    clock.advance(50);
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'plane.up', fresh: false });
    expect(commands.at(-1)).toMatchObject({ type: 'attach', afterEvent: 1 });
  });

  it('counts the events of another process anew and calls it fresh', async () => {
    await client.connect();
    sockets[0]!.write(event(9));
    await expect.poll(() => acks).toEqual([9]);
    answer = () => ({ ok: true, value: { incarnation: 'two', state: EMPTY } });
    sockets[0]!.destroy();
    await expect.poll(() => events.at(-1)?.type).toBe('plane.down');
    clock.advance(50);
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'plane.up', fresh: true });
    sockets[1]!.write(event(1));
    await expect.poll(() => acks).toEqual([9, 1]);
  });

  it('refuses what is under way when the process dies or does not answer in time', async () => {
    await client.connect();
    answer = () => undefined;
    const slow = client.closeLeg(leg);
    clock.advance(5000);
    expect(await slow).toEqual({ ok: false, reason: 'plane-down' });
    const cut = client.closeLeg(leg);
    await expect.poll(() => commands.length).toBe(3);
    sockets[0]!.destroy();
    expect(await cut).toEqual({ ok: false, reason: 'plane-down' });
  });

  it('gives way for good to a controller with a higher epoch', async () => {
    answer = () => ({ ok: false, reason: 'stale-epoch' });
    const connecting = client.connect();
    await expect.poll(() => events.map(({ type }) => type)).toEqual(['plane.down']);
    expect(await client.inventory()).toEqual({ ok: false, reason: 'stale-epoch' });
    expect(await connecting).toBe(false);
    clock.advance(10_000);
    expect(commands).toHaveLength(1);
  });

  it('waits for a process that is not there yet', async () => {
    await new Promise((resolve) => server.close(resolve));
    const connecting = client.connect();
    await expect.poll(() => events.at(-1)?.type).toBe('plane.down');
    await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
    clock.advance(50);
    expect(await connecting).toBe(true);
  });
});
