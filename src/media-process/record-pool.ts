import { newRecord, silenceRecord } from '../media/index.ts';
import type { OpenRecord } from '../media/index.ts';

/** 1 MB: more are on their way to the disk only while it is slow. */
const KEPT = 64;

/** Records of all recordings, used again once they are on the disk: each call fills 16 kB a second. */
export class RecordPool {
  readonly #spare: OpenRecord[] = [];

  /** A record of silence. */
  take(): OpenRecord {
    const spare = this.#spare.pop();
    if (!spare) return newRecord();
    silenceRecord(spare);
    return spare;
  }

  /** Nobody reads or writes it any more. */
  giveBack(record: OpenRecord): void {
    if (this.#spare.length < KEPT) this.#spare.push(record);
  }
}
