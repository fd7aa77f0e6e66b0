import type {
  CallEffect,
  CallEvent,
  CallState,
  ContactLeg,
  Relay,
  RelayReason,
  RelayTarget,
  SoundSource,
  Step,
  StepContext,
  Termination,
} from './call.ts';
import {
  endContacts,
  endLeg,
  isPresent,
  isRung,
  leave,
  replaced,
  withContacts,
  withOutcome,
} from './contacts.ts';
import { endCall } from './ending.ts';
import { onMusic, putOnHold } from './hold.ts';
import { searchAgain } from './search.ts';
import { talk } from './talk.ts';
import { LINE_LOST, notReached } from './termination.ts';
import { change, enter, unchanged } from './transition.ts';

type Started = Extract<CallEvent, { type: 'relay.started' }>;
type ContactEvent = Extract<CallEvent, { legId: unknown; type: `contact.${string}` }>;

/** 取次ぎ: the caller hears music, the contacts are rung. One already on the line is let go. */
export function startRelay(state: CallState, event: Started, context: StepContext): Step {
  const { targets, order, announce } = event;
  const together = order === 'together' ? targets : targets.slice(0, 1);
  const relay: Relay = {
    announce,
    waiting: targets.slice(together.length),
    outcomes: state.relay?.outcomes ?? [],
  };
  const freed = endContacts(state);
  return dial(freed.state, { relay, targets: together }, context, freed.effects);
}

/** The contact who answers has the caller. The operator leaves at once, or when he does. */
export function transfer(
  state: CallState,
  { target, stays }: Extract<CallEvent, { type: 'transfer.started' }>,
  context: StepContext,
): Step {
  const left = stays ? endContacts(state) : leave(state, context);
  const relay: Relay = { announce: 'nobody', waiting: [], outcomes: [] };
  return dial(left.state, { relay, targets: [target] }, context, left.effects);
}

function dial(
  state: CallState,
  { relay, targets }: { relay: Relay; targets: RelayTarget[] },
  context: StepContext,
  before: CallEffect[] = [],
): Step {
  const due = context.now + context.settings.contactRingMs;
  const dialled = targets.map((target): ContactLeg => ({ ...target, state: 'dialing', due }));
  const music = state.operator === null ? {} : onMusic(state, context);
  const heldSince = state.heldSince ?? context.now;
  const held = { ...state, heldSince, ...music, relay };
  return change(held, withContacts(held, 'relaying', [...state.contacts, ...dialled]), [
    ...before,
    ...targets.map((contact): CallEffect => ({ type: 'dialContact', contact })),
  ]);
}

/** What becomes of the contacts' legs, in whatever phase. */
export function stepContacts(state: CallState, event: ContactEvent, context: StepContext): Step {
  const contact = state.contacts.find(({ legId }) => legId === event.legId);
  if (contact === undefined) return unchanged(state);
  switch (event.type) {
    case 'contact.ringing':
      return contact.state === 'dialing'
        ? change(state, { contacts: replaced(state, { ...contact, state: 'ringing' }) })
        : unchanged(state);
    case 'contact.early-media':
      return isRung(contact) && contact.early !== true
        ? change(state, {
            contacts: replaced(state, { ...contact, state: 'ringing', early: true }),
          })
        : unchanged(state);
    case 'contact.answered':
      return isRung(contact) ? answered(state, contact, context) : unchanged(state);
    case 'contact.failed':
      return contactOver(state, contact, event.reason, context);
    case 'contact.hung-up':
      return contactOver(state, contact, 'declined', context);
    case 'contact.pressed':
      return pressed(state, contact, event.digit, context);
  }
}

function answered(state: CallState, contact: ContactLeg, context: StepContext): Step {
  // A voicemail presses nothing: no customer is rung for one.
  if (state.phase === 'calling-contact' || state.relay?.announce === 'system') {
    const due = context.now + context.settings.announceMs;
    const contacts = replaced(state, { ...contact, state: 'announcing', due });
    return change(state, withContacts(state, state.phase, contacts));
  }
  return state.operator === null || state.relay?.announce === 'nobody'
    ? connectTo(state, contact, context)
    : change(state, ...joined(state, contact, 'consulting'));
}

/** This one has it: the others ring no more. */
function joined(
  state: CallState,
  contact: ContactLeg,
  phase: 'consulting' | 'relayed' | 'calling-customer',
): [Partial<CallState>, CallEffect[]] {
  const others = state.contacts.filter(({ legId }) => legId !== contact.legId);
  const contacts: ContactLeg[] = [{ ...contact, state: 'joined', due: null }];
  return [{ ...enter(state, phase), contacts }, others.map(endLeg)];
}

function callCustomer(state: CallState, contact: ContactLeg, context: StepContext): Step {
  const [changes, effects] = joined(state, contact, 'calling-customer');
  const customer = context.now + context.settings.connectMs;
  return change(state, { ...changes, timers: { ...changes.timers, customer } }, [
    ...effects,
    { type: 'dialCustomer' },
  ]);
}

/** Caller and contact talk on without us. */
function connectTo(state: CallState, contact: ContactLeg, context: StepContext): Step {
  const left = leave(state, context);
  const [changes, effects] = joined(left.state, contact, 'relayed');
  return change(left.state, { ...changes, heldSince: null }, [...effects, ...left.effects]);
}

export function connectJoined(state: CallState, context: StepContext): Step {
  const contact = state.contacts.find((one) => one.state === 'joined');
  return contact === undefined ? unchanged(state) : connectTo(state, contact, context);
}

function pressed(state: CallState, contact: ContactLeg, digit: string, context: StepContext): Step {
  if (contact.state !== 'announcing' && contact.state !== 'waiting') return unchanged(state);
  if (state.phase === 'calling-contact') {
    return digit === '1'
      ? callCustomer(state, contact, context)
      : keyUnknown(state, contact, context);
  }
  switch (digit) {
    case '1':
      return acceptCall(state, contact, context);
    case '2':
      return declineCall(state, contact, context);
    case '3': {
      const due = context.now + context.settings.contactWaitMs;
      const contacts = replaced(state, { ...contact, state: 'waiting', told: false, due });
      return change(state, withContacts(state, 'relaying', contacts));
    }
    default:
      return keyUnknown(state, contact, context);
  }
}

/** How often a key that means nothing gives more time; a machine that sends digits has no end. */
const MAX_UNKNOWN_KEYS = 3;

/** He is told that this was none of the keys, and what they are once more. */
function keyUnknown(state: CallState, contact: ContactLeg, context: StepContext): Step {
  const { count, saying } = contact.unknownKeys ?? { count: 0, saying: false };
  const isSaying = saying && contact.state === 'announcing';
  if (isSaying || count >= MAX_UNKNOWN_KEYS) return unchanged(state);
  const { now, settings } = context;
  const asked: ContactLeg = {
    ...contact,
    state: 'announcing',
    unknownKeys: { count: count + 1, saying: true },
    due: Math.max(contact.due ?? now, now + settings.acceptMs + settings.announceMs),
  };
  return change(state, withContacts(state, state.phase, replaced(state, asked)));
}

/** He will ring back: the operator knows at once, the next is rung, and he hears a last word. */
function declineCall(state: CallState, contact: ContactLeg, context: StepContext): Step {
  const due = context.now + context.settings.acceptMs;
  const contacts = replaced(state, { ...contact, state: 'declining', due });
  const relay = withOutcome(state, contact, 'call-back');
  return goOn({ ...state, relay, contacts }, [], context);
}

/** This one has it. Both are told so, then they talk. */
function acceptCall(state: CallState, contact: ContactLeg, context: StepContext): Step {
  const due = context.now + context.settings.acceptMs;
  const others = state.contacts.filter(({ legId }) => legId !== contact.legId);
  const leaving = others.filter((one) => !isPresent(one));
  const contacts: ContactLeg[] = [{ ...contact, state: 'accepting', due }, ...leaving];
  const ended = others.filter(isPresent).map(endLeg);
  return change(state, withContacts(state, 'relaying', contacts), ended);
}

/** Words to the caller or to a contact have come to their end. */
export function stepPrompt(
  state: CallState,
  { legId, source }: Extract<CallEvent, { type: 'prompt.done' }>,
  context: StepContext,
): Step {
  const isCaller = legId === state.callerLeg.id;
  if (source === 'absent' && isCaller && state.phase === 'unattended') {
    return change(state, { absentSaid: true });
  }
  const accepting = state.contacts.find((contact) => contact.state === 'accepting');
  if (source === 'connecting' && isCaller && accepting !== undefined) {
    return connectTo(state, accepting, context);
  }
  const contact = state.contacts.find((one) => one.legId === legId);
  return contact === undefined ? unchanged(state) : wordsOver(state, contact, source, context);
}

/** What comes after the words to this contact. */
function wordsOver(
  state: CallState,
  contact: ContactLeg,
  source: SoundSource,
  context: StepContext,
): Step {
  const { unknownKeys } = contact;
  switch (`${contact.state} ${source}`) {
    case 'waiting relay-wait':
      return contact.told === true
        ? unchanged(state)
        : change(state, { contacts: replaced(state, { ...contact, told: true }) });
    case 'announcing key-unknown': {
      if (unknownKeys?.saying !== true) return unchanged(state);
      const asked = { ...contact, unknownKeys: { ...unknownKeys, saying: false } };
      return change(state, { contacts: replaced(state, asked) });
    }
    case 'declining relay-declined':
      return contactOver(state, contact, 'call-back', context);
    default:
      return unchanged(state);
  }
}

/** The time of the first contact is over. */
export function expireContact(state: CallState, context: StepContext): Step {
  const late = state.contacts.find(({ due }) => due !== null && due <= context.now);
  if (late === undefined) return change(state, withContacts(state, state.phase, state.contacts));
  if (late.state === 'accepting') return connectTo(state, late, context);
  return contactOver(state, late, isRung(late) ? 'no-answer' : 'no-key', context);
}

/** A contact is out: on to the next, back to the operator, or the end of the call. */
export function contactOver(
  state: CallState,
  contact: ContactLeg,
  reason: RelayReason,
  context: StepContext,
): Step {
  const contacts = state.contacts.filter(({ legId }) => legId !== contact.legId);
  const effects: CallEffect[] = [endLeg(contact)];
  switch (state.phase) {
    case 'three-way':
      return change(state, { ...enter(state, 'talking'), contacts, heldSince: null }, effects);
    case 'relayed':
    case 'calling-customer':
    case 'calling-contact':
      return endWithContact(
        { ...state, contacts },
        howContactEnds(contact, reason),
        effects,
        context,
      );
    default: {
      const relay = isPresent(contact) ? withOutcome(state, contact, reason) : state.relay;
      const noted = { ...state, relay, contacts };
      return goOn(noted, effects, context);
    }
  }
}

function howContactEnds(contact: ContactLeg, reason: RelayReason): Termination {
  if (isRung(contact) || reason === 'no-key') return notReached('contact', reason);
  return reason === 'unreachable' ? LINE_LOST : { class: 'contact', reason: 'hung-up' };
}

function endWithContact(
  state: CallState,
  termination: Termination,
  effects: CallEffect[],
  context: StepContext,
): Step {
  const ended = endCall(state, termination, context);
  return { state: ended.state, effects: [...effects, ...ended.effects] };
}

function goOn(state: CallState, effects: CallEffect[], context: StepContext): Step {
  const { contacts, relay, operator } = state;
  if (contacts.some(isPresent)) {
    return change(state, withContacts(state, state.phase, contacts), effects);
  }
  const [next, ...waiting] = state.phase === 'relaying' ? (relay?.waiting ?? []) : [];
  if (next !== undefined && relay !== null) {
    return dial(state, { relay: { ...relay, waiting }, targets: [next] }, context, effects);
  }
  // The last word to who declined is not over.
  if (contacts.length > 0) {
    return change(state, withContacts(state, state.phase, contacts), effects);
  }
  // She let her telephone transfer the call: that has no key to come back with.
  if (operator !== null && relay?.announce === 'nobody') return talk(state, context, effects);
  if (operator !== null) return change(state, putOnHold(state, context), effects);
  const searching = searchAgain(state, context);
  return { state: searching.state, effects: [...effects, ...searching.effects] };
}
