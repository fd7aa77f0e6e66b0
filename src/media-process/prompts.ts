import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../base/index.ts';
import { toError } from '../base/index.ts';
import { decodeMulaw } from '../media/index.ts';

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;
/** Ten minutes. */
const MAX_BYTES = 4_800_000;
const MAX_KEPT = 64;
const NOTHING = new Int16Array(0);

/** The announcements of the prompt folder, decoded once and kept. */
export class Prompts {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #kept = new Map<string, Int16Array>();

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** The samples of `<name>.ulaw`; none, and a line in the log, when there is no such file. */
  async load(name: string): Promise<Int16Array> {
    const kept = this.#kept.get(name);
    if (kept) return kept;
    const samples = await this.#read(name);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size >= MAX_KEPT && !oldest.done) this.#kept.delete(oldest.value);
    if (samples.length > 0) this.#kept.set(name, samples);
    return samples;
  }

  async #read(name: string): Promise<Int16Array> {
    if (!NAME.test(name)) {
      this.#log.warn({ prompt: name.slice(0, 64) }, 'not a prompt name');
      return NOTHING;
    }
    const path = join(this.#folder, `${name}.ulaw`);
    try {
      if ((await stat(path)).size <= MAX_BYTES) return decodeMulaw(await readFile(path));
      this.#log.warn({ prompt: name }, 'prompt is longer than ten minutes');
    } catch (error) {
      this.#log.warn({ prompt: name, error: toError(error).message }, 'prompt cannot be read');
    }
    return NOTHING;
  }
}
