import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, asId, silentLogger } from '../base/index.ts';
import type { RecordingId } from '../base/index.ts';
import {
  MULAW_DECODE,
  RECORD_BYTES,
  newRecord,
  recordOffset,
  sealRecord,
  writeRecordingHeader,
} from '../media/index.ts';
import type { Recording } from './ports.ts';
import { MAX_PEAKS, createRecordingAudio } from './recording-audio.ts';
import type { AudioChannel, RecordingWav } from './recording-audio.ts';
import { recordingFile } from './recording-path.ts';
import { removeOldRecordings } from './retention.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'denwaban-recordings-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const recording: Recording = {
  id: asId('rec_1'),
  callId: asId('call_1'),
  subscriberId: null,
  path: 'a.rec',
  startedAt: 0,
  endedAt: null,
  seconds: 0,
  state: 'recording',
  cause: null,
};

/** Record n holds μ-law byte n for the caller, 128 + n for us: every second is recognisable. */
function recordingBytes(seconds: number, lastSamples = 8000): Buffer {
  const header = writeRecordingHeader({
    recordingId: 'rec_1',
    callHash: new Uint8Array(32),
    keyId: '',
    startedAtMs: 0,
  });
  const records = Array.from({ length: seconds }, (_, number) => {
    const record = newRecord();
    const last = number === seconds - 1 && lastSamples < 8000;
    const samples = last ? lastSamples : 8000;
    record.caller.fill(number % 100, 0, samples);
    record.ours.fill(128 + (number % 100), 0, samples);
    return sealRecord(record, { number, atMs: number * 1000, samples, last });
  });
  return Buffer.concat([header, ...records]);
}

const write = (bytes: Uint8Array): Promise<void> => writeFile(join(folder, 'a.rec'), bytes);

async function open(channel: AudioChannel = 'both'): Promise<RecordingWav> {
  const wav = await createRecordingAudio(folder).open(recording, channel);
  if (!wav) throw new Error('no recording');
  return wav;
}

async function bytesOf(wav: RecordingWav, from = 0, to = wav.sizeBytes): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of wav.read(from, to)) {
    expect(part.length).toBeLessThanOrEqual(32_000);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

describe('a recording as WAV', () => {
  it('has a true header, the caller left and our side right', async () => {
    await write(recordingBytes(3, 4000));
    const wav = await open();
    const bytes = await bytesOf(wav);
    expect(bytes.length).toBe(wav.sizeBytes);
    expect(wav.sizeBytes).toBe(44 + 4 * (8000 + 8000 + 4000));
    expect(bytes.toString('latin1', 0, 4)).toBe('RIFF');
    expect(bytes.readUInt16LE(22)).toBe(2);
    expect(bytes.readUInt32LE(24)).toBe(8000);
    expect(bytes.readUInt32LE(40)).toBe(wav.sizeBytes - 44);
    for (const second of [0, 1, 2]) {
      const at = 44 + second * 32_000;
      expect(bytes.readInt16LE(at)).toBe(MULAW_DECODE[second]);
      expect(bytes.readInt16LE(at + 2)).toBe(MULAW_DECODE[128 + second]);
    }
  });

  it('gives any range as the whole file has it', async () => {
    await write(recordingBytes(4));
    const wav = await open();
    const whole = await bytesOf(wav);
    const ranges = [
      [0, 1],
      [10, 60],
      [43, 45],
      [44, 32_044],
      [32_043, 32_046],
      [50_001, 100_003],
      [wav.sizeBytes - 1, wav.sizeBytes],
      [5, 5],
      [0, wav.sizeBytes + 100],
    ];
    for (const [from = 0, to = 0] of ranges) {
      expect((await bytesOf(wav, from, to)).equals(whole.subarray(from, to))).toBe(true);
    }
  });

  it('lets one side be heard on both ears', async () => {
    await write(recordingBytes(1));
    const caller = await bytesOf(await open('caller'), 44, 48);
    expect([caller.readInt16LE(0), caller.readInt16LE(2)]).toEqual([
      MULAW_DECODE[0],
      MULAW_DECODE[0],
    ]);
    const ours = await bytesOf(await open('operator'), 44, 48);
    expect([ours.readInt16LE(0), ours.readInt16LE(2)]).toEqual([
      MULAW_DECODE[128],
      MULAW_DECODE[128],
    ]);
  });

  it('can be read while it grows: what was promised is given, later there is more', async () => {
    const bytes = recordingBytes(5);
    await write(bytes.subarray(0, recordOffset(2)));
    const early = await open();
    await write(bytes);
    expect((await bytesOf(early)).length).toBe(44 + 2 * 32_000);
    expect((await open()).sizeBytes).toBe(44 + 5 * 32_000);
  });

  it.each([1, 31, 5000, RECORD_BYTES - 1])('ends before a tail torn at byte %i', async (cut) => {
    await write(recordingBytes(3));
    await truncate(join(folder, 'a.rec'), recordOffset(2) + cut);
    expect((await open()).sizeBytes).toBe(44 + 2 * 32_000);
  });

  it('ends before last records that never reached the disk', async () => {
    const bytes = recordingBytes(4);
    bytes.fill(0, recordOffset(2) + 100);
    await write(bytes);
    expect((await open()).sizeBytes).toBe(44 + 2 * 32_000);
  });

  it('has a second of silence where a record in the middle is damaged', async () => {
    const bytes = recordingBytes(3);
    bytes[recordOffset(1) + 5000]! ^= 1;
    await write(bytes);
    const wav = await open();
    const whole = await bytesOf(wav);
    expect(wav.sizeBytes).toBe(44 + 3 * 32_000);
    expect(Math.abs(whole.readInt16LE(44 + 32_000))).toBeLessThan(10);
    expect(whole.readInt16LE(44 + 64_000)).toBe(MULAW_DECODE[2]);
  });

  it('has silence where seconds were lost, and ends before them when what follows is torn', async () => {
    const bytes = recordingBytes(30);
    bytes.fill(0, recordOffset(1), recordOffset(29));
    await write(bytes);
    const wav = await open();
    expect(wav.sizeBytes).toBe(44 + 30 * 32_000);
    const lost = await bytesOf(wav, 44 + 32_000, 44 + 29 * 32_000);
    expect(lost.every((byte) => byte === 0)).toBe(true);
    const after = await bytesOf(wav, 44 + 29 * 32_000);
    expect(after.readInt16LE(0)).toBe(MULAW_DECODE[29]);
    await truncate(join(folder, 'a.rec'), recordOffset(29) + 5000);
    expect((await open()).sizeBytes).toBe(44 + 32_000);
  });

  it('is none when the file is gone, empty or something else', async () => {
    const audio = createRecordingAudio(folder);
    expect(await audio.open(recording, 'both')).toBeNull();
    expect(await audio.peaks(recording)).toBeNull();
    for (const bytes of ['', 'hello', 'x'.repeat(40_000)]) {
      await write(Buffer.from(bytes));
      expect(await audio.open(recording, 'both')).toBeNull();
    }
  });

  it('never lies outside of its folder', async () => {
    for (const path of ['../a.rec', 'x/../../a.rec', '/etc/passwd', '', '.', 'a\0.rec', '..']) {
      expect([path, recordingFile(folder, path)]).toEqual([path, null]);
      const stray = { ...recording, path };
      await expect(createRecordingAudio(folder).open(stray, 'both')).rejects.toMatchObject({
        code: 'recording-path',
      });
    }
    expect(recordingFile(folder, '2026/11/24/r.rec')).toBe(join(folder, '2026/11/24/r.rec'));
  });
});

describe('peaks', () => {
  it('show who was loud when', async () => {
    const quiet = newRecord();
    const loud = newRecord();
    loud.caller.fill(0, 4000, 4800);
    const records = [loud, quiet].map((record, number) =>
      sealRecord(record, { number, atMs: 0, samples: 8000, last: number === 1 }),
    );
    await write(Buffer.concat([recordingBytes(0), ...records]));
    const peaks = await createRecordingAudio(folder).peaks(recording);
    expect(peaks?.caller).toEqual([0, 0, 0, 0, 0, 100, 0, 0, 0, 0, ...Array<number>(10).fill(0)]);
    expect(peaks?.operator).toEqual(Array<number>(20).fill(0));
  });

  it('are never more than the most a page draws', async () => {
    await write(recordingBytes(MAX_PEAKS + 1));
    const peaks = await createRecordingAudio(folder).peaks(recording);
    expect(peaks?.caller.length).toBeLessThanOrEqual(MAX_PEAKS);
    expect(peaks?.caller.length).toBeGreaterThan(MAX_PEAKS / 2 - 1);
  });
});

describe('removing old recordings', () => {
  it('takes the sound and the index, and writes down that it did', async () => {
    await write(recordingBytes(1));
    const clock = new ManualClock();
    let rows: Recording[] = [{ ...recording, state: 'complete' }];
    const audited: RecordingId[] = [];
    const asked: number[] = [];
    const options = {
      folder,
      clock,
      log: silentLogger,
      store: {
        async olderThan(instant: number) {
          asked.push(instant);
          return rows;
        },
        async remove(id: RecordingId) {
          rows = rows.filter((row) => row.id !== id);
        },
      },
      audit: async ({ id }: { id: RecordingId }) => void audited.push(id),
    };
    expect(await removeOldRecordings(options, 30)).toBe(1);
    expect(asked[0]).toBe(clock.now() - 30 * 86_400_000);
    expect(audited).toEqual(['rec_1']);
    expect(rows).toEqual([]);
    expect(await createRecordingAudio(folder).open(recording, 'both')).toBeNull();
    expect(await removeOldRecordings(options, 30)).toBe(0);
  });
});
