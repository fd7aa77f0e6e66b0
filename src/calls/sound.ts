import type { LegId, RecordingId } from '../base/index.ts';
import type { CallOperator, CallPhase, CallState, ContactLeg, SoundSource } from './call.ts';
import { isDumb, isHeldBy } from './far-side.ts';

export type Hearing = { listener: LegId; speaker: LegId; gain: number };
export type Playing = {
  leg: LegId;
  source: SoundSource;
  loop: boolean;
  /** Tells one reminder from the next; the rest begins once. */
  turn: number;
};

/** All that is heard in a call: who hears whom, what is played to whom, and the recording. */
export type Sound = {
  hearing: Hearing[];
  playing: Playing[];
  recording: { id: RecordingId; callerLeg: LegId; paused: boolean } | null;
};

export const SILENCE: Sound = { hearing: [], playing: [], recording: null };

/**
 * What is heard follows from the call's state and from nothing else. The engine makes it so, from
 * whatever was heard before.
 */
export function soundOf(state: CallState): Sound {
  if (state.callerLeg.gone) return SILENCE;
  const hearing = hearingOf(state);
  return { hearing, playing: playingOf(state, hearing), recording: recordingOf(state) };
}

export function sameSound(one: Sound, other: Sound): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** A contact who talks, and is not being asked for a key. */
function joinedContacts({ contacts }: CallState): LegId[] {
  return contacts.filter(({ state }) => state === 'joined').map(({ legId }) => legId);
}

/** Those who talk with each other now. */
function conversationOf(state: CallState): LegId[] {
  const caller = state.callerLeg.answered ? [state.callerLeg.id] : [];
  const operator = state.operator?.audio === 'up' ? [state.operator.legId] : [];
  switch (state.phase) {
    case 'talking':
      return [...caller, ...operator];
    case 'consulting':
      return [...operator, ...joinedContacts(state)];
    case 'three-way':
      return [...caller, ...operator, ...joinedContacts(state)];
    case 'relayed':
      return [...caller, ...joinedContacts(state)];
    default:
      return [];
  }
}

/**
 * To whose telephones a key goes that this party presses in the conversation: it is no sound, so that the media
 * plane hears it and nobody else does. Not to an operator, and none of a contact who is asked for one.
 */
export function keysGoTo(state: CallState, from: LegId): LegId[] {
  const talkers = state.callerLeg.gone ? [] : conversationOf(state);
  if (!talkers.includes(from)) return [];
  return talkers.filter((leg) => leg !== from && leg !== state.operator?.legId);
}

function hearingOf(state: CallState): Hearing[] {
  const { operator, muted, monitors } = state;
  const talkers = conversationOf(state);
  const heard = talkers.filter((leg) => !muted || leg !== operator?.legId);
  const hearing = talkers.flatMap((listener) => everyone(listener, heard));
  const early = earlyContact(state);
  if (early !== undefined && operator?.audio === 'up') {
    hearing.push({ listener: operator.legId, speaker: early.legId, gain: 1 });
  }
  for (const { legId, mode } of monitors) {
    hearing.push(...everyone(legId, heard));
    const told = mode === 'barge' ? talkers : mode === 'whisper' ? [operator?.legId] : [];
    for (const listener of told) {
      if (listener !== undefined && (mode === 'barge' || operator?.audio === 'up')) {
        hearing.push({ listener, speaker: legId, gain: 1 });
      }
    }
  }
  return hearing;
}

function everyone(listener: LegId, speakers: readonly LegId[]): Hearing[] {
  return speakers
    .filter((speaker) => speaker !== listener)
    .map((speaker) => ({ listener, speaker, gain: 1 }));
}

/** Where the caller waits for somebody she knows of, it is music; else a tone. */
const WITH_MUSIC: readonly CallPhase[] = [
  'held',
  'relaying',
  'consulting',
  'parked',
  'handing-over',
];

function playingOf(state: CallState, hearing: Hearing[]): Playing[] {
  const playing: Playing[] = [];
  const begin = (leg: LegId, source: SoundSource, turn = 0): void => {
    playing.push({ leg, source, loop: !SAID_ONCE.includes(source), turn });
  };
  const heard = (leg: LegId): LegId[] =>
    hearing.filter(({ listener }) => listener === leg).map(({ speaker }) => speaker);
  const hearsSomebody = (leg: LegId): boolean =>
    heard(leg).some((speaker) => !isDumb(state, speaker));
  const isHeld = (leg: LegId): boolean => heard(leg).some((speaker) => isHeldBy(state, speaker));
  const { callerLeg, contacts, operator } = state;
  const toCaller = isHeld(callerLeg.id) ? 'hold-music' : sourceForCaller(state);
  if (toCaller !== null && !hearsSomebody(callerLeg.id)) begin(callerLeg.id, toCaller);
  for (const contact of contacts) {
    const { legId } = contact;
    const source = isHeld(legId) ? 'hold-music' : sourceForContact(state, contact);
    if (source !== null && !hearsSomebody(legId)) begin(legId, source);
  }
  if (state.offer?.asked === true) begin(state.offer.legId, questionOf(state));
  if (operator?.audio !== 'up') return playing;
  if (isRingingFor(state)) begin(operator.legId, 'ringback');
  else if (state.reminders > 0) begin(operator.legId, 'hold-reminder', state.reminders);
  const toOperator = sourceForOperator(state, operator);
  if (toOperator !== null) begin(operator.legId, toOperator);
  return playing;
}

/** What a telephone outside is asked: a caller waits for her, or a customer is to be rung. */
function questionOf({ direction, callerLeg }: CallState): SoundSource {
  const isHerOwn = direction === 'call-back' && !callerLeg.answered;
  return isHerOwn ? 'call-back-announce' : 'announce-relay';
}

/** Nothing comes from any of those she talks with. A supervisor who may say a word fills no silence. */
function sourceForOperator(state: CallState, { legId, device }: CallOperator): SoundSource | null {
  const others = conversationOf(state).filter((leg) => leg !== legId);
  if (others.length === 0 || others.some((leg) => !isDumb(state, leg))) return null;
  if (others.some((leg) => isHeldBy(state, leg))) return 'hold-music';
  // Who may be heard by them all the same reads in her console that she does not hear them.
  return device.kind === 'browser' ? null : 'wait-tone';
}

/** All else goes on until something else is heard. */
const SAID_ONCE: readonly SoundSource[] = [
  'hold-reminder',
  'unattended',
  'absent',
  'connecting',
  'relay-accepted',
  'relay-declined',
  'relay-wait',
  'key-unknown',
];

function sourceForContact({ phase }: CallState, contact: ContactLeg): SoundSource | null {
  const { state, told, unknownKeys } = contact;
  switch (state) {
    case 'announcing':
      if (unknownKeys?.saying === true) return 'key-unknown';
      return phase === 'calling-contact' ? 'call-back-announce' : 'announce-relay';
    case 'accepting':
      return 'relay-accepted';
    case 'declining':
      return 'relay-declined';
    case 'waiting':
      return told === true ? 'hold-music' : 'relay-wait';
    case 'joined':
      return phase === 'calling-customer' ? 'ringback' : 'wait-tone';
    default:
      return null;
  }
}

function sourceForCaller(state: CallState): SoundSource | null {
  const { phase, callerLeg, direction, contacts, parked } = state;
  // A telephone makes its own ringback out of the 180; a browser is played one.
  if (!callerLeg.answered) {
    return callerLeg.kind === 'browser' && direction === 'inbound' ? 'ringback' : null;
  }
  if (phase === 'unattended') return wereContactsAway(state) ? 'absent' : 'unattended';
  if (phase === 'relaying' && contacts.some((one) => one.state === 'accepting')) {
    return 'connecting';
  }
  // Parked still, while the telephone is rung of who picks the call up.
  return WITH_MUSIC.includes(phase) || parked !== null ? 'hold-music' : 'wait-tone';
}

/** The operator has gone, none of the contacts could be had, and the caller does not know it yet. */
function wereContactsAway({ relay, absentSaid }: CallState): boolean {
  if (absentSaid === true || relay === null) return false;
  return relay.outcomes.some(({ reason }) => reason !== 'withdrawn' && reason !== 'call-back');
}

/** What the operator hears of those being rung, in place of our ringback. */
function earlyContact({ phase, contacts }: CallState): ContactLeg | undefined {
  if (phase !== 'relaying') return undefined;
  return contacts.find(({ state, early }) => early === true && state === 'ringing');
}

/** The operator hears that somebody is being rung for her. */
function isRingingFor(state: CallState): boolean {
  const { phase, contacts } = state;
  if (phase === 'handing-over' || phase === 'calling-customer') return true;
  if (phase !== 'relaying') return false;
  const early = earlyContact(state);
  if (early !== undefined && !isDumb(state, early.legId)) return false;
  return contacts.some((one) => one.state === 'dialing' || one.state === 'ringing');
}

/** From the caller's answer to the end of her part, whoever or whatever she hears. */
function recordingOf(state: CallState): Sound['recording'] {
  const { callerLeg, recordingId, recordingPaused, phase, rules } = state;
  if (recordingId === null || !callerLeg.answered) return null;
  if (phase === 'relayed' && !rules.recordRelayed) return null;
  return { id: recordingId, callerLeg: callerLeg.id, paused: recordingPaused };
}
