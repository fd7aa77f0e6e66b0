import { sleep, toError } from '../base/index.ts';
import type { Clock, Logger, RecordingId } from '../base/index.ts';
import type { MediaEvent, RecordingCut } from '../media/index.ts';
import type { CallRegistry } from './call-registry.ts';
import type { RecordingIndex } from './ports.ts';

const NOTE_RETRY_MS = 5_000;
/** An hour. */
const MAX_NOTE_TRIES = 720;

export type RecordingEvent = Extract<MediaEvent, { recordingId: RecordingId }>;
type Trouble = Exclude<RecordingEvent, { type: 'recording.closed' }>;

type Deps = {
  clock: Clock;
  log: Logger;
  recordings: RecordingIndex;
  registry: CallRegistry;
};

/** How recordings end and what they lose: told to the index, and to the call while it happens. */
export class RecordingEnds {
  readonly #deps: Deps;
  #stopped = false;
  /** The latest of each recording whose call may not be known yet; null: all are known. */
  #untold: Map<RecordingId, Trouble> | null = null;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async onMediaEvent(event: RecordingEvent): Promise<void> {
    if (event.type === 'recording.closed') {
      const { recordingId, at, seconds, cut } = event;
      const state = cut === undefined ? 'complete' : 'incomplete';
      const end = { endedAt: at, seconds, state, ...(cut && { cause: cut }) } as const;
      await this.#deps.recordings.finish(recordingId, end);
      return;
    }
    this.#say(event);
    if (event.type === 'recording.mended') return;
    const { recordingId, reason } = event;
    this.#deps.log.error({ recordingId, reason }, 'a recording loses sound');
    // Its end, which tells the same, may never be heard of.
    if (isCut(reason)) await this.#noteCut(recordingId, reason);
  }

  /**
   * While calls are taken up. What comes after the media process has said what there is, and before the call
   * is known here, is newer than what it said and reaches the call by `tell`.
   */
  keep(): void {
    this.#untold = new Map();
  }

  tell(): void {
    const untold = this.#untold ?? new Map<RecordingId, Trouble>();
    this.#untold = null;
    for (const event of untold.values()) this.#say(event);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Not waited for: that the call cannot be stored now keeps nothing from the index. */
  #say(event: Trouble): void {
    const { recordingId, type } = event;
    if (this.#untold) {
      this.#untold.set(recordingId, event);
      return;
    }
    const actors = this.#deps.registry.all();
    const actor = actors.find(({ state }) => state.recordingId === recordingId);
    const isMended = type === 'recording.mended';
    void actor?.post({ type: isMended ? 'recording.mended' : 'recording.failing', recordingId });
  }

  /** The disk that is full may be the database's as well. */
  async #noteCut(id: RecordingId, cause: RecordingCut): Promise<void> {
    const { clock, log, recordings } = this.#deps;
    for (let tries = 0; tries < MAX_NOTE_TRIES && !this.#stopped; tries++) {
      try {
        await recordings.noteCut(id, cause);
        return;
      } catch (thrown) {
        if (tries === 0) log.warn({ err: toError(thrown), recordingId: id }, 'noted later');
        await sleep(clock, NOTE_RETRY_MS);
      }
    }
  }
}

export function isAboutRecording(event: MediaEvent): event is RecordingEvent {
  return event.type.startsWith('recording.');
}

function isCut(reason: string): reason is RecordingCut {
  return reason === 'disk-full' || reason === 'disk-slow';
}
