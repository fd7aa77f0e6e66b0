import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveConnection, reconnectDelayMs } from './live.ts';
import type { LiveSocket, LiveStatus } from './live.ts';

class FakeSocket implements LiveSocket {
  onopen: LiveSocket['onopen'] = null;
  onmessage: LiveSocket['onmessage'] = null;
  onclose: LiveSocket['onclose'] = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  welcome(bootId = 'boot-1'): void {
    this.onopen?.({} as Event);
    this.receive({ type: 'welcome', bootId, serverTime: 0 });
  }

  receive(frame: object): void {
    this.deliver(JSON.stringify(frame));
  }

  deliver(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent<unknown>);
  }

  lose(code = 1006): void {
    this.onclose?.({ code } as CloseEvent);
  }
}

let sockets: FakeSocket[];
let statuses: LiveStatus[];
let live: LiveConnection;
const last = (): FakeSocket => sockets.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  statuses = [];
  live = new LiveConnection({
    deskId: 'desk-0001',
    topics: ['desk'],
    openSocket: () => {
      sockets.push(new FakeSocket());
      return last();
    },
    random: () => 0,
  });
  live.onStatus((status) => statuses.push(status));
  live.start();
});

afterEach(() => {
  live.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('says hello first and is open only when welcomed', () => {
  expect(live.send({ type: 'ping', at: 1 })).toBe(false);
  last().welcome();
  expect(last().sent).toEqual([{ type: 'hello', deskId: 'desk-0001', topics: ['desk'] }]);
  expect(statuses).toEqual(['connecting', 'open']);
});

test('comes back with growing delays and greets again', () => {
  last().lose();
  vi.advanceTimersByTime(249);
  expect(sockets).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sockets).toHaveLength(2);
  last().lose();
  vi.advanceTimersByTime(499);
  expect(sockets).toHaveLength(2);
  vi.advanceTimersByTime(1);
  last().welcome('boot-2');
  expect(last().sent[0]).toMatchObject({ type: 'hello' });
  expect(live.status).toBe('open');
});

test('a welcome starts the delays from the beginning', () => {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    last().lose();
    vi.advanceTimersByTime(5_000);
  }
  last().welcome();
  last().lose();
  const before = sockets.length;
  vi.advanceTimersByTime(250);
  expect(sockets).toHaveLength(before + 1);
});

test('an ended session and a refused topic are not tried again', () => {
  last().lose(4401);
  vi.advanceTimersByTime(60_000);
  expect(live.status).toBe('ended');
  expect(sockets).toHaveLength(1);
});

test('a silent connection is given up and opened anew', () => {
  last().welcome();
  vi.advanceTimersByTime(10_000);
  expect(last().sent.filter((frame) => frame['type'] === 'ping')).toHaveLength(2);
  vi.advanceTimersByTime(5_000);
  expect(sockets[0]?.closed).toBe(true);
  vi.advanceTimersByTime(250);
  expect(sockets).toHaveLength(2);
});

test('a connection that answers its pings stays', () => {
  last().welcome();
  for (let beat = 0; beat < 10; beat += 1) {
    vi.advanceTimersByTime(5_000);
    last().receive({ type: 'pong', at: 0 });
  }
  expect(sockets).toHaveLength(1);
});

test('a lost connection stays said until there is one again', () => {
  last().welcome();
  last().lose();
  vi.advanceTimersByTime(250);
  last().lose();
  vi.advanceTimersByTime(500);
  expect(sockets).toHaveLength(3);
  expect(statuses).toEqual(['connecting', 'open', 'waiting']);
  last().welcome();
  expect(statuses.at(-1)).toBe('open');
});

test('hurry skips the delay, and only while waiting', () => {
  last().welcome();
  live.hurry();
  expect(sockets).toHaveLength(1);
  last().lose();
  live.hurry();
  expect(sockets).toHaveLength(2);
});

test('frames that are no frames are left out', () => {
  const seen: string[] = [];
  live.onFrame((frame) => seen.push(frame.type));
  last().deliver('{');
  last().deliver(new ArrayBuffer(2));
  last().receive({ type: 'from-the-future' });
  last().receive({ type: 'audio.reopen' });
  expect(seen).toEqual(['audio.reopen']);
});

test('the delay grows to five seconds and is spread by a quarter', () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((attempt) => reconnectDelayMs(attempt, 0))).toEqual([
    250, 500, 1000, 2000, 4000, 5000, 5000,
  ]);
  expect(reconnectDelayMs(5, 1)).toBe(6250);
});
