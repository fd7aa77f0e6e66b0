import { join } from 'node:path';
import { sleep, toError } from '../base/index.ts';
import type { CallId, Clock, LegId, PlaybackId, RecordingId } from '../base/index.ts';
import { soundOf } from '../calls/index.ts';
import type { CallState, Hearing, Playing, Sound, SoundSource } from '../calls/index.ts';
import type { AttachedState, MediaPlane, PlaybackSource } from '../media/index.ts';
import type { CallActor } from './call-actor.ts';
import { playbackIdOf, readPlaybackId } from './playback-id.ts';
import type { RecordingIndex } from './ports.ts';
import { recordingPath } from './recording-path.ts';

export type CallSoundDeps = {
  clock: Clock;
  media: MediaPlane;
  recordings: RecordingIndex;
  recordingsDir: string;
};

/** What the media plane was told for a call and has not refused. */
type Applied = {
  hearing: Map<string, Hearing>;
  playing: Map<string, PlaybackId>;
  recording: { id: RecordingId; paused: boolean } | null;
};

const MAX_INDEX_TRIES = 30;
const INDEX_RETRY_MS = 2_000;

const SOURCES: Record<SoundSource, PlaybackSource> = {
  ringback: { kind: 'tone', tone: 'ringback' },
  'wait-tone': { kind: 'tone', tone: 'wait' },
  'hold-music': { kind: 'prompt', name: 'hold-music' },
  'hold-reminder': { kind: 'tone', tone: 'beep' },
  'announce-relay': { kind: 'prompt', name: 'announce-relay' },
  unattended: { kind: 'prompt', name: 'unattended' },
  absent: { kind: 'prompt', name: 'absent' },
  connecting: { kind: 'prompt', name: 'connecting' },
  'relay-accepted': { kind: 'prompt', name: 'relay-accepted' },
  'relay-declined': { kind: 'prompt', name: 'relay-declined' },
  'relay-wait': { kind: 'prompt', name: 'relay-wait' },
  'key-unknown': { kind: 'prompt', name: 'key-unknown' },
  'call-back-announce': { kind: 'prompt', name: 'call-back-announce' },
};

type IndexEntry = Parameters<RecordingIndex['begin']>[0];

/**
 * Makes what is heard what the call's state says: compares it with what was told to the media
 * plane, or after an adoption with what is there, and sends the difference.
 */
export class CallSound {
  readonly #deps: CallSoundDeps;
  readonly #applied = new Map<CallId, Applied>();

  constructor(deps: CallSoundDeps) {
    this.#deps = deps;
  }

  /** Takes up what a former process made of the call's sound, and puts right what is not as it should be. */
  async adopt(actor: CallActor, found: AttachedState): Promise<void> {
    const { id } = actor.state;
    const legs = new Set<LegId>(legsOf(actor.state));
    const hearing = found.hearing.filter((one) => legs.has(one.listener) && legs.has(one.speaker));
    const playing = found.playbacks.filter((one) => one.id.startsWith(`${id}:`));
    const recording = found.recordings.find(({ callId }) => callId === id);
    this.#applied.set(id, {
      hearing: new Map(hearing.map((one) => [hearingKey(one), one])),
      playing: new Map(playing.map((one) => [keyOfPlayback(one.leg, one.id), one.id])),
      recording: recording ? { id: recording.recordingId, paused: recording.paused } : null,
    });
    if (recording) {
      const { recordingId, losing } = recording;
      // What was told of it meanwhile was told to nobody.
      const type = losing === undefined ? 'recording.mended' : 'recording.failing';
      void actor.post({ type, recordingId });
      // The former process may have died before the index knew of it.
      await this.#index(actor, this.#entryOf(actor, recordingId));
    }
    // One that is not there any more is refused when it is begun again: it had failed.
    await this.apply(actor);
  }

  async apply(actor: CallActor): Promise<void> {
    const { state } = actor;
    const wanted = soundOf(state);
    const applied = this.#appliedOf(state.id);
    // The commands go out in this order before the first of them is answered.
    await Promise.all([
      this.#record(actor, applied, wanted),
      ...this.#part(applied, wanted),
      ...this.#stop(applied, wanted),
      ...wanted.hearing.map((one) => this.#join(actor, applied, one)),
      ...wanted.playing.map((one) => this.#play(actor, applied, one)),
    ]);
  }

  forget(callId: CallId): void {
    this.#applied.delete(callId);
  }

  #appliedOf(callId: CallId): Applied {
    const known = this.#applied.get(callId);
    if (known) return known;
    const nothing: Applied = { hearing: new Map(), playing: new Map(), recording: null };
    this.#applied.set(callId, nothing);
    return nothing;
  }

  #part(applied: Applied, wanted: Sound): Promise<unknown>[] {
    const keep = new Set(wanted.hearing.map(hearingKey));
    const over = [...applied.hearing].filter(([key]) => !keep.has(key));
    return over.map(([key, { listener, speaker }]) => {
      applied.hearing.delete(key);
      return this.#deps.media.hear(listener, speaker, 0);
    });
  }

  #stop(applied: Applied, wanted: Sound): Promise<unknown>[] {
    const keep = new Set(wanted.playing.map(playingKey));
    const over = [...applied.playing].filter(([key]) => !keep.has(key));
    return over.map(([key, playback]) => {
      applied.playing.delete(key);
      return this.#deps.media.stopPlayback(playback);
    });
  }

  async #join(actor: CallActor, applied: Applied, wanted: Hearing): Promise<void> {
    const key = hearingKey(wanted);
    if (applied.hearing.get(key)?.gain === wanted.gain) return;
    applied.hearing.set(key, wanted);
    const { listener, speaker, gain } = wanted;
    const joined = await this.#deps.media.hear(listener, speaker, gain);
    if (joined.ok) return;
    applied.hearing.delete(key);
    warn(actor, joined, { listener, speaker });
  }

  async #play(actor: CallActor, applied: Applied, wanted: Playing): Promise<void> {
    const { leg, source, loop } = wanted;
    const key = playingKey(wanted);
    if (applied.playing.has(key)) return;
    const playback = playbackIdOf(actor.state, wanted);
    applied.playing.set(key, playback);
    const started = await this.#deps.media.play(leg, playback, SOURCES[source], { loop });
    if (started.ok) return;
    applied.playing.delete(key);
    warn(actor, started, { leg, source });
    if (!loop) void actor.post({ type: 'prompt.done', legId: leg, source });
  }

  async #record(actor: CallActor, applied: Applied, { recording }: Sound): Promise<void> {
    const { media } = this.#deps;
    const former = applied.recording;
    applied.recording = recording && { id: recording.id, paused: recording.paused };
    if (former !== null && former.id !== recording?.id) await media.stopRecording(former.id);
    if (recording === null) return;
    const { id, paused } = recording;
    if (former?.id !== id && !(await this.#began(actor, recording))) return;
    const wasPaused = former?.id === id && former.paused;
    if (paused !== wasPaused) await media.pauseRecording(id, paused);
  }

  async #began(actor: CallActor, recording: NonNullable<Sound['recording']>): Promise<boolean> {
    const begun = await this.#begin(actor, recording);
    if (begun.ok) return true;
    const { id: recordingId } = recording;
    actor.log.error({ recordingId, reason: begun.reason }, 'this call is not recorded');
    // A caller whose leg is gone has no more to say: that ends the call.
    if (begun.reason !== 'unknown-leg') void actor.post({ type: 'recording.failing', recordingId });
    return false;
  }

  /** The index learns of it at the same time: sound does not wait for the database. */
  async #begin(
    actor: CallActor,
    { id, callerLeg }: NonNullable<Sound['recording']>,
  ): Promise<{ ok: true } | { ok: false; reason: string }> {
    const { media, recordingsDir } = this.#deps;
    const entry = this.#entryOf(actor, id);
    const [begun] = await Promise.all([
      media.record({
        recordingId: id,
        callId: entry.callId,
        path: join(recordingsDir, entry.path),
        callerLeg,
      }),
      this.#index(actor, entry),
    ]);
    return begun;
  }

  #entryOf({ state }: CallActor, id: RecordingId): IndexEntry {
    const startedAt = state.answeredAt ?? this.#deps.clock.now();
    const { subscriberId } = state.called;
    return { id, callId: state.id, subscriberId, path: recordingPath(id, startedAt), startedAt };
  }

  async #index(actor: CallActor, entry: IndexEntry): Promise<void> {
    try {
      await this.#deps.recordings.begin(entry);
    } catch (thrown) {
      const facts = { err: toError(thrown), recordingId: entry.id };
      actor.log.error(facts, 'recording is not in the index');
      void this.#indexLater(actor, entry);
    }
  }

  /** The file is being written; while the database is away nobody can find it. */
  async #indexLater(actor: CallActor, entry: IndexEntry): Promise<void> {
    for (let tries = 0; tries < MAX_INDEX_TRIES; tries++) {
      await sleep(this.#deps.clock, INDEX_RETRY_MS);
      await actor.whenStored();
      try {
        await this.#deps.recordings.begin(entry);
        return;
      } catch (thrown) {
        actor.log.warn({ err: toError(thrown), recordingId: entry.id }, 'still not in the index');
      }
    }
  }
}

/** All legs that may hear or be heard in the call: also those it is just leaving. */
function legsOf({ callerLeg, operator, wrappingUp, contacts, monitors }: CallState): LegId[] {
  const others = [operator, wrappingUp, ...contacts, ...monitors];
  return [callerLeg.id, ...others.flatMap((one) => (one === null ? [] : [one.legId]))];
}

function hearingKey({ listener, speaker }: Pick<Hearing, 'listener' | 'speaker'>): string {
  return `${listener} ${speaker}`;
}

function playingKey({ leg, source, turn }: Pick<Playing, 'leg' | 'source' | 'turn'>): string {
  return `${leg} ${source} ${turn}`;
}

function keyOfPlayback(leg: LegId, playback: PlaybackId): string {
  const { source, turn } = readPlaybackId(playback);
  return playingKey({ leg, source, turn });
}

function warn(
  actor: CallActor,
  refused: { ok: false; reason: string },
  what: Record<string, string>,
): void {
  actor.log.warn({ ...what, reason: refused.reason }, 'sound refused by the media plane');
}
