import { readFileSync, writeFileSync } from 'node:fs';

const RATE_HZ = 8000;
const HEADER_BYTES = 44;

/** Writes a WAV file of 16 bit, 8 kHz, one channel. */
export function writeWav(path: string, pcm: Int16Array): void {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + 2 * pcm.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE_HZ, 24);
  header.writeUInt32LE(2 * RATE_HZ, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(2 * pcm.length, 40);
  writeFileSync(
    path,
    Buffer.concat([header, Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)]),
  );
}

/** The samples of such a file. The header is not looked at: some write it last. */
export function readWav(path: string): Int16Array {
  const bytes = readFileSync(path).subarray(HEADER_BYTES);
  return new Int16Array(Uint8Array.from(bytes.subarray(0, bytes.length & ~1)).buffer);
}
