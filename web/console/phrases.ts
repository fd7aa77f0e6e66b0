import type { CallView } from '../../src/contract/index.ts';

/** The keys of `console.phrase`: what to say next, the fitting one first. */
export type Phrase =
  | 'unknownCompany'
  | 'absent'
  | 'absentOut'
  | 'absentMeeting'
  | 'absentOff'
  | 'askNumber'
  | 'askName'
  | 'closing'
  | 'sales'
  | 'wrongNumber'
  | 'complaint'
  | 'tookOver'
  | 'thanksForWaiting'
  | 'connectNow'
  | 'threeWay'
  | 'noSoundCaller'
  | 'noSoundContact'
  | 'relayAbsent'
  | 'relayBusy'
  | 'relayDeclined'
  | 'relayCallBack'
  | 'relayFailed';

export type Conversation = {
  called: Pick<CallView['called'], 'subscriberId'>;
  caller: Pick<CallView['caller'], 'number'>;
  phase: CallView['phase'];
  relay: CallView['relay'];
  noSoundFrom: CallView['noSoundFrom'];
  /** Where the one it is about is, when that is known and elsewhere. */
  away: keyof typeof AWAY | null;
  /** A colleague has handed the call to whoever speaks now. */
  tookOver: boolean;
  callType: string;
  company: string;
  name: string;
  phone: string;
};

/** Until when is on the screen; whether a caller is told so is the subscriber's affair. */
const AWAY = { out: 'absentOut', meeting: 'absentMeeting', off: 'absentOff' } as const;

type RelayReason = NonNullable<CallView['relay']>['outcomes'][number]['reason'];

/** What the caller is told of a contact who was not connected. */
const AFTER_RELAY: Record<RelayReason, Phrase> = {
  busy: 'relayBusy',
  'no-answer': 'relayAbsent',
  'no-key': 'relayAbsent',
  voicemail: 'relayAbsent',
  absent: 'relayAbsent',
  declined: 'relayDeclined',
  'call-back': 'relayCallBack',
  'wrong-number': 'relayFailed',
  'not-allowed': 'relayFailed',
  'too-many-calls': 'relayFailed',
  unreachable: 'relayFailed',
  withdrawn: 'thanksForWaiting',
};

/** No call-back is promised but by the contact: whether there will be one is the subscriber's affair. */
export function phrasesFor(conversation: Conversation): Phrase[] {
  const noSound = unheard(conversation);
  const phrases = phrasesOf(conversation);
  return noSound === null ? phrases : [noSound, ...phrases];
}

function phrasesOf(conversation: Conversation): Phrase[] {
  const { called, caller, callType, company, name, phone, phase, relay, tookOver } = conversation;
  if (phase === 'consulting') return ['connectNow'];
  if (phase === 'three-way') return ['threeWay'];
  if (callType === 'sales') return ['sales'];
  if (callType === 'wrong-number') return ['wrongNumber'];
  const phrases: Phrase[] = tookOver && phase === 'talking' && relay === null ? ['tookOver'] : [];
  if (called.subscriberId === null) phrases.push('unknownCompany');
  if (callType === 'complaint') phrases.push('complaint');
  phrases.push(...absence(conversation));
  if (company === '' && name === '') phrases.push('askName');
  if (caller.number === null && phone === '') phrases.push('askNumber');
  phrases.push('closing');
  return phrases;
}

/** She may hear us all the same: what to ask of whoever talks with the operator and is not heard. */
function unheard({ phase, noSoundFrom }: Conversation): Phrase | null {
  const isWithCaller = phase === 'talking' || phase === 'three-way';
  if (isWithCaller && noSoundFrom.includes('caller')) return 'noSoundCaller';
  return phase === 'consulting' && noSoundFrom.includes('contact') ? 'noSoundContact' : null;
}

/** That the one asked for is not there: from the start, or as a relay has shown. */
function absence({ phase, relay, away }: Conversation): Phrase[] {
  const absent = away === null ? 'absent' : AWAY[away];
  const last = relay?.outcomes.at(-1);
  if (last !== undefined) {
    const phrase = AFTER_RELAY[last.reason];
    return phrase === 'thanksForWaiting' ? [phrase, absent] : [phrase];
  }
  return phase === 'held' || phase === 'relaying' ? ['thanksForWaiting', absent] : [absent];
}
