import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DraftView, FieldAck } from '../../src/contract/index.ts';
import type { OutgoingField } from './draft-keeper.ts';
import { DraftSync } from './draft-sync.ts';

class MemoryStore {
  readonly items = new Map<string, string>();
  get length(): number {
    return this.items.size;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

const EMPTY: DraftView = { callId: 'call_1', version: 0, fields: {}, sentMessageId: null };
let store: MemoryStore;
let liveOpen: boolean;
let byLive: OutgoingField[];
let byRequest: OutgoingField[];
let answer: (field: OutgoingField) => Promise<FieldAck>;
let sync: DraftSync;

const ack = ({ field, clientSeq }: OutgoingField, version = 1): FieldAck => ({
  callId: 'call_1',
  field,
  version,
  clientSeq,
});

function page(): DraftSync {
  const made = new DraftSync({
    sendLive: (_callId, field) => {
      if (liveOpen) byLive.push(field);
      return liveOpen;
    },
    sendByRequest: (_callId, field) => {
      byRequest.push(field);
      return answer(field);
    },
    store,
    onChange: () => undefined,
  });
  made.setOnline(liveOpen);
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  store = new MemoryStore();
  liveOpen = true;
  byLive = [];
  byRequest = [];
  answer = (field) => Promise.resolve(ack(field));
  sync = page();
  sync.show(EMPTY);
});

afterEach(() => {
  sync.stop();
  vi.useRealTimers();
});

test('a keystroke goes out by the live connection within 200 ms, once', () => {
  sync.type('company', '青空');
  vi.advanceTimersByTime(200);
  expect(byLive.map((sent) => sent.value)).toEqual(['青空']);
  sync.acknowledge(ack(byLive[0]!));
  vi.advanceTimersByTime(10_000);
  expect(byLive).toHaveLength(1);
  expect(byRequest).toEqual([]);
  expect(sync.status).toBe('saved');
});

test('a draft whose message has left is written into no more', () => {
  sync.close(EMPTY.callId, 'msg_1');
  sync.type('company', '青空');
  sync.show(EMPTY);
  vi.advanceTimersByTime(10_000);
  expect(sync.draft?.sentMessageId).toBe('msg_1');
  expect(byLive).toEqual([]);
});

test('without the live connection it goes by request', async () => {
  liveOpen = false;
  sync.setOnline(false);
  sync.type('company', '青空');
  await vi.advanceTimersByTimeAsync(200);
  expect(byRequest.map((sent) => sent.value)).toEqual(['青空']);
  expect(sync.status).toBe('saved');
});

test('nothing reachable: unsaved is said, and all of it arrives when the connection is back', async () => {
  liveOpen = false;
  answer = () => Promise.reject(new Error('unreachable'));
  sync.setOnline(false);
  sync.type('company', '青空');
  sync.type('body', '折返し');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sync.status).toBe('unsaved');
  liveOpen = true;
  sync.setOnline(true);
  expect(byLive.map((sent) => sent.value)).toEqual(['青空', '折返し']);
});

test('unacknowledged text lies in the browser until it is acknowledged', () => {
  sync.type('company', '青空');
  expect([...store.items.values()].join()).toContain('青空');
  vi.advanceTimersByTime(100);
  sync.acknowledge(ack(byLive[0]!));
  expect(store.items.size).toBe(0);
});

test('a page that died hands its text over in the next one', () => {
  liveOpen = false;
  sync.setOnline(false);
  sync.type('company', '青空商事');
  sync.stop();
  liveOpen = true;
  sync = page();
  sync.show({ ...EMPTY, version: 1, fields: { company: { value: '青', version: 1 } } });
  expect(sync.draft?.fields.company?.value).toBe('青空商事');
  expect(byLive.at(-1)?.value).toBe('青空商事');
});

test('flush waits for the acknowledgement of the last keystroke', async () => {
  sync.type('company', '青空');
  let done = false;
  const flushed = sync.flush().then(() => (done = true));
  expect(byLive).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(50);
  expect(done).toBe(false);
  sync.acknowledge(ack(byLive[0]!));
  await flushed;
  expect(done).toBe(true);
});

test('flush says so when the server does not take the text', async () => {
  sync.type('company', '青空');
  const flushed = expect(sync.flush()).rejects.toThrow('not acknowledged');
  await vi.advanceTimersByTimeAsync(5_000);
  await flushed;
});

test('the next call begins empty', () => {
  sync.type('company', '青空');
  sync.show({ ...EMPTY, callId: 'call_2' });
  expect(sync.draft?.fields).toEqual({});
});

test('forgotten text of long ago, and what is no draft, is swept', () => {
  store.setItem('denwaban.draft.old', JSON.stringify({ savedAt: 0, fields: { body: 'x' } }));
  store.setItem('denwaban.draft.broken', '{');
  store.setItem('other', 'kept');
  vi.setSystemTime(Date.UTC(2026, 10, 23));
  page();
  expect([...store.items.keys()]).toEqual(['other']);
});
