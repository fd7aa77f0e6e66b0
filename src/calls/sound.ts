import type { LegId, RecordingId } from '../base/index.ts';
import type { CallState } from './call.ts';

/** What can be played to a leg, in the call's words. */
export type SoundSource = 'ringback' | 'wait-tone' | 'unattended';

export type Hearing = { listener: LegId; speaker: LegId; gain: number };
export type Playing = { leg: LegId; source: SoundSource; loop: boolean };

/** All that is heard in a call: who hears whom, what is played to whom, and the recording. */
export type Sound = {
  hearing: Hearing[];
  playing: Playing[];
  recording: { id: RecordingId; callerLeg: LegId } | null;
};

export const SILENCE: Sound = { hearing: [], playing: [], recording: null };

/**
 * What is heard follows from the call's state and from nothing else. The engine makes it so, from
 * whatever was heard before.
 */
export function soundOf(state: CallState): Sound {
  const { callerLeg, recordingId } = state;
  if (callerLeg.gone) return SILENCE;
  if (!callerLeg.answered) return ringing(state);
  return {
    hearing: hearingOf(state),
    playing: playingOf(state),
    recording: recordingId === null ? null : { id: recordingId, callerLeg: callerLeg.id },
  };
}

export function sameSound(one: Sound, other: Sound): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** A telephone makes its own ringback out of the 180; a browser is played one. */
function ringing({ callerLeg }: CallState): Sound {
  if (callerLeg.kind === 'sip') return SILENCE;
  return { ...SILENCE, playing: [{ leg: callerLeg.id, source: 'ringback', loop: true }] };
}

function hearingOf({ phase, callerLeg, operator }: CallState): Hearing[] {
  if (phase !== 'talking' || operator === null) return [];
  return bothWays(callerLeg.id, operator.legId);
}

function playingOf({ phase, callerLeg }: CallState): Playing[] {
  if (phase === 'talking') return [];
  const leg = callerLeg.id;
  if (phase === 'unattended') return [{ leg, source: 'unattended', loop: false }];
  return [{ leg, source: 'wait-tone', loop: true }];
}

function bothWays(one: LegId, other: LegId): Hearing[] {
  return [
    { listener: one, speaker: other, gain: 1 },
    { listener: other, speaker: one, gain: 1 },
  ];
}
