import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asId, silentLogger } from '../base/index.ts';
import type { RecordingId } from '../base/index.ts';
import { RECORD_BYTES, newRecord, sealRecord, writeRecordingHeader } from '../media/index.ts';
import type { Recording, RecordingEnd } from './ports.ts';
import { settleRecordings } from './settle.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'denwaban-settle-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const STARTED_MS = 1_000_000;

function recording(name: string): Recording {
  return {
    id: asId(name),
    callId: asId(`call_${name}`),
    subscriberId: null,
    path: `${name}.rec`,
    startedAt: STARTED_MS,
    endedAt: null,
    seconds: 0,
    state: 'recording',
    cause: null,
  };
}

/** Two whole seconds and a half, so many lost behind the first; `last` as the writer marks it that ends in order. */
async function writeFileOf(
  name: string,
  last: boolean,
  { lost = 0, torn = 0, cut }: { lost?: number; torn?: number; cut?: 'disk-full' } = {},
): Promise<void> {
  const header = writeRecordingHeader({
    recordingId: name,
    callHash: new Uint8Array(32),
    keyId: '',
    startedAtMs: STARTED_MS,
  });
  const [first, ...others] = [8000, 8000, 4000].map((samples, i) => {
    const number = i === 0 ? 0 : i + lost;
    return sealRecord(newRecord(), { number, atMs: 0, samples, last: last && i === 2, cut });
  });
  const whole = Buffer.concat([header, first!, Buffer.alloc(lost * RECORD_BYTES), ...others]);
  await writeFile(join(folder, `${name}.rec`), whole.subarray(0, whole.length - torn));
}

/** What became of them in the index. */
async function settle(
  names: readonly string[],
  inHand: readonly string[] | null,
): Promise<Record<string, RecordingEnd>> {
  const ends: Record<string, RecordingEnd> = {};
  await settleRecordings({
    folder,
    store: {
      open: async () => names.map(recording),
      finishLeft: async (id: RecordingId, end: RecordingEnd) => void (ends[id] = end),
    },
    log: silentLogger,
    inHand: async () => inHand && new Set(inHand.map((name) => asId<RecordingId>(name))),
  });
  return ends;
}

test('what nobody writes any more ends by what its file holds', async () => {
  await writeFileOf('closed', true);
  await writeFileOf('killed', false);
  await writeFileOf('torn', false, { torn: 100 });
  await writeFileOf('cut', true, { cut: 'disk-full' });
  await writeFileOf('mended', true, { lost: 20, cut: 'disk-full' });
  await writeFileOf('killed-mending', false, { lost: 20, torn: RECORD_BYTES + 100 });
  await writeFile(join(folder, 'empty.rec'), '');
  const lost = ['mended', 'killed-mending'];
  const all = ['closed', 'killed', 'torn', 'cut', ...lost, 'empty', 'gone'];
  expect(await settle(all, [])).toEqual({
    closed: { state: 'complete', seconds: 2.5, endedAt: STARTED_MS + 2500 },
    killed: { state: 'incomplete', seconds: 2.5, endedAt: STARTED_MS + 2500 },
    torn: { state: 'incomplete', seconds: 2, endedAt: STARTED_MS + 2000 },
    cut: { state: 'incomplete', seconds: 2.5, endedAt: STARTED_MS + 2500, cause: 'disk-full' },
    mended: {
      state: 'incomplete',
      seconds: 22.5,
      endedAt: STARTED_MS + 22_500,
      cause: 'disk-full',
    },
    'killed-mending': { state: 'incomplete', seconds: 1, endedAt: STARTED_MS + 1000 },
    empty: { state: 'missing', seconds: 0, endedAt: STARTED_MS },
    gone: { state: 'missing', seconds: 0, endedAt: STARTED_MS },
  });
});

test('what is still written, or of a call that goes on, is left alone', async () => {
  await writeFileOf('written', false);
  await writeFileOf('over', false);
  expect(Object.keys(await settle(['written', 'over'], ['written']))).toEqual(['over']);
});

test('nothing is ended while the media process cannot be asked', async () => {
  await writeFileOf('unknown', false);
  expect(await settle(['unknown'], null)).toEqual({});
});

test('one that cannot be read keeps no other waiting', async () => {
  await mkdir(join(folder, 'unreadable.rec'));
  await writeFileOf('whole', true);
  const ends = await settle(['unreadable', 'whole'], []);
  expect(Object.keys(ends)).toEqual(['whole']);
});
