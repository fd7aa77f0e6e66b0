import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, asId } from '../base/index.ts';
import {
  FRAME_SAMPLES,
  MULAW_ENCODE,
  MULAW_SILENCE,
  readRecording,
  recordOffset,
} from '../media/index.ts';
import { diskFiles } from './recording-files.ts';
import { RecordPool } from './record-pool.ts';
import type { RecordingFile, RecordingFiles } from './recording-files.ts';
import { RecordingWriter } from './recording-writer.ts';

/** A disk in memory that can be made to hang or to fail. */
class StubbornDisk implements RecordingFiles {
  bytes = new Uint8Array(0);
  bytesWritten = 0;
  syncs = 0;
  closed = 0;
  fail: string | undefined;
  #hung: (() => void)[] | undefined;

  hang(): void {
    this.#hung = [];
  }

  recover(): void {
    const hung = this.#hung ?? [];
    this.#hung = undefined;
    for (const go of hung) go();
  }

  async create(): Promise<RecordingFile> {
    await this.#step();
    return {
      write: async (bytes, position) => {
        await this.#step();
        const grown = new Uint8Array(Math.max(this.bytes.length, position + bytes.length));
        grown.set(this.bytes);
        grown.set(bytes, position);
        this.bytes = grown;
        this.bytesWritten += bytes.length;
      },
      sync: async () => {
        await this.#step();
        this.syncs++;
      },
      close: () => {
        this.closed++;
        return Promise.resolve();
      },
    };
  }

  async #step(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    if (this.#hung) this.#hung.push(() => resolve(undefined));
    else resolve(undefined);
    await promise;
    if (this.fail !== undefined) throw Object.assign(new Error('no'), { code: this.fail });
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await Promise.resolve();
};

describe('RecordingWriter', () => {
  let clock: ManualClock;
  let disk: StubbornDisk;
  let told: string[];
  let records: RecordPool;

  beforeEach(() => {
    clock = new ManualClock(1_000_000);
    disk = new StubbornDisk();
    told = [];
    records = new RecordPool();
  });

  const start = (files: RecordingFiles = disk, path = '/recording'): RecordingWriter => {
    const recordingId = asId<never>('rec_1');
    return new RecordingWriter({
      record: { recordingId, callId: asId<never>('call_1'), path, callerLeg: asId<never>('leg') },
      header: { recordingId, callHash: new Uint8Array(32), keyId: '', startedAtMs: clock.now() },
      files,
      clock,
      listener: {
        onFailed: (_, reason) => told.push(reason),
        onCut: (_, reason) => told.push(`cut: ${reason}`),
        onMended: () => told.push('mended'),
        onClosed: ({ seconds, bytes }) => told.push(`closed ${seconds} s ${bytes} bytes`),
      },
      records,
    });
  };
  /** Frames whose samples say which second they are of. */
  const speak = async (
    writer: RecordingWriter,
    fromSecond: number,
    seconds: number,
  ): Promise<void> => {
    for (let frame = fromSecond * 50; frame < (fromSecond + seconds) * 50; frame++) {
      const sample = 1000 * (1 + (Math.floor(frame / 50) % 20));
      writer.putCaller(new Int16Array(FRAME_SAMPLES).fill(sample));
      writer.putOurs(new Int16Array(FRAME_SAMPLES).fill(-sample));
      writer.endFrame();
      clock.advance(20);
      if (frame % 50 === 49) await settle();
    }
  };
  const readBack = (bytes = disk.bytes) => {
    const read = readRecording(bytes);
    if (!read.ok) throw new Error(read.reason);
    return read.value;
  };

  it('keeps nothing of a frame that never ended, and takes either channel first', async () => {
    const writer = start();
    await speak(writer, 0, 1.5);
    const loud = new Int16Array(FRAME_SAMPLES).fill(9000);
    writer.putOurs(loud);
    writer.putCaller(loud);
    writer.endFrame();
    writer.putCaller(loud);
    await writer.close();
    const last = readBack().records.at(-1)!;
    const ended = 26 * FRAME_SAMPLES;
    expect(last.samples).toBe(ended);
    for (const channel of [last.caller, last.ours]) {
      expect(channel[ended - 1]).toBe(MULAW_ENCODE[9000]);
      expect(new Set(channel.subarray(ended))).toEqual(new Set([MULAW_SILENCE]));
    }
  });

  it('writes a record per second and closes with the last part of a second', async () => {
    const writer = start();
    await speak(writer, 0, 2.5);
    await writer.close();
    const { records, complete, header } = readBack();
    expect(complete).toBe(true);
    expect(header.startedAtMs).toBe(1_000_000);
    expect(records.map(({ samples, atMs }) => [samples, atMs])).toEqual([
      [8000, 1_000_000],
      [8000, 1_000_980],
      [4000, 1_001_980],
    ]);
    expect(told).toEqual([`closed 2.5 s ${disk.bytes.length} bytes`]);
    expect(disk.closed).toBe(1);
  });

  it('loses nothing when the disk hangs for 15 seconds', async () => {
    const writer = start();
    await speak(writer, 0, 3);
    disk.hang();
    await speak(writer, 3, 15);
    disk.recover();
    await settle();
    await speak(writer, 18, 2);
    await writer.close();
    const { records, complete } = readBack();
    expect(complete).toBe(true);
    expect(records).toHaveLength(21);
    expect(new Set(records.slice(0, 20).map(({ caller }) => caller[0])).size).toBeGreaterThan(15);
    expect(told).toHaveLength(1);
  });

  it('writes again what a full disk refused, once there is room', async () => {
    const writer = start();
    await speak(writer, 0, 1);
    disk.fail = 'ENOSPC';
    await speak(writer, 1, 6);
    disk.fail = undefined;
    clock.advance(1000);
    await settle();
    await writer.close();
    expect(readBack()).toMatchObject({ complete: true, records: { length: 8 } });
    expect(told).toEqual([expect.stringContaining('closed')]);
  });

  const hang = (): void => disk.hang();
  const fill = (): void => void (disk.fail = 'ENOSPC');
  it.each([
    ['hangs', 'disk-slow', hang],
    ['is full', 'disk-full', fill],
  ] as const)(
    'keeps 30 seconds of a disk that %s, leaves a hole where more is lost, and goes on',
    async (_, cut, break_) => {
      const writer = start();
      await speak(writer, 0, 2);
      break_();
      await speak(writer, 2, 40);
      expect(told).toEqual([`cut: ${cut}`]);
      expect(writer.losing).toBe(cut);
      disk.recover();
      disk.fail = undefined;
      clock.advance(1000);
      await settle();
      await speak(writer, 42, 2);
      await writer.close();
      expect(told).toEqual([`cut: ${cut}`, 'mended', expect.stringContaining('closed 44 s')]);
      expect(writer.cut).toBe(cut);
      expect(writer.losing).toBeNull();
      const { records, complete } = readBack();
      expect(complete).toBe(true);
      // Every second has its place, heard or silent; the last, empty record says what the file is.
      expect(records).toHaveLength(45);
      const lost = records.slice(0, 44).flatMap((one, i) => (one.caller[0] === 0xff ? [i] : []));
      expect(lost.length).toBeGreaterThanOrEqual(8);
      expect(lost.at(-1)! - lost[0]!).toBe(lost.length - 1);
      // The room that was just made is not used up by silence.
      expect(disk.bytesWritten).toBe(recordOffset(45 - lost.length));
      expect(records.at(-1)).toMatchObject({ samples: 0, last: true, cut });
    },
  );

  it('keeps the end of a call for 30 seconds when there is no room', async () => {
    const writer = start();
    await speak(writer, 0, 2);
    fill();
    await speak(writer, 2, 5);
    const closing = writer.close();
    clock.advance(3000);
    await closing;
    await settle();
    expect(told).toEqual([]);
    disk.fail = undefined;
    clock.advance(1000);
    await settle();
    expect(told).toEqual([expect.stringContaining('closed 7 s')]);
    expect(readBack()).toMatchObject({ complete: true, records: { length: 8 } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives the end up after that, and says why', async () => {
    const writer = start();
    await speak(writer, 0, 2);
    fill();
    await speak(writer, 2, 5);
    void writer.close();
    for (let second = 0; second < 35; second++) {
      clock.advance(1000);
      await settle();
    }
    expect(told).toEqual(['disk-full']);
    expect(readBack().records.length).toBeGreaterThanOrEqual(2);
    expect(disk.closed).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('syncs every five seconds and at the end', async () => {
    const writer = start();
    await speak(writer, 0, 11);
    expect(disk.syncs).toBe(2);
    await writer.close();
    expect(disk.syncs).toBe(3);
  });

  it('fills skipped time with silence, so that the clock stays right', async () => {
    const writer = start();
    await speak(writer, 0, 1);
    writer.skip(100);
    await speak(writer, 3, 1);
    await writer.close();
    const { records } = readBack();
    expect(records.map(({ caller }) => caller[0] === 0xff)).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('does not wait for a dead disk at the end', async () => {
    const writer = start();
    await speak(writer, 0, 1);
    disk.hang();
    const closing = writer.close();
    clock.advance(3000);
    await closing;
    expect(clock.pendingTimers).toBe(0);
  });

  describe('on a real disk', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'denwaban-writer-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it('makes a new file only', async () => {
      const path = join(folder, 'a.rec');
      const writer = start(diskFiles, path);
      await speak(writer, 0, 2);
      await writer.close();
      expect(readBack(readFileSync(path))).toMatchObject({ complete: true });
      writeFileSync(join(folder, 'b.rec'), 'evidence');
      const second = start(diskFiles, join(folder, 'b.rec'));
      await expect.poll(() => told.at(-1)).toBe('EEXIST');
      await second.close();
      expect(readFileSync(join(folder, 'b.rec'), 'utf8')).toBe('evidence');
    });
  });
});
