import { z } from 'zod';

export const operatorStateSchema = z.enum([
  'offline',
  'available',
  'reserved',
  'busy',
  'wrap-up',
  'away',
]);
export type OperatorState = z.infer<typeof operatorStateSchema>;

/** `reconnecting`: talking, while the operator's audio is lost. */
export const callPhaseSchema = z.enum([
  'waiting',
  'offering',
  'connecting',
  'talking',
  'reconnecting',
  'held',
  'relaying',
  'consulting',
  'three-way',
  'relayed',
  'parked',
  'handing-over',
  'calling-contact',
  'calling-customer',
  'unattended',
  'wrap-up',
  'ended',
]);

/** The called party as the operator must see it, all through the call. */
export const calledViewSchema = z.object({
  subscriberId: z.string().nullable(),
  subscriberName: z.string().nullable(),
  subscriberKana: z.string().nullable(),
  did: z.string().nullable(),
  /** `03-0123-4567` */
  didFormatted: z.string().nullable(),
  didLabel: z.string().nullable(),
  dialedNumber: z.string(),
  how: z.enum([
    'request-uri',
    'trunk-rule',
    'p-called-party-id',
    'diversion',
    'history-info',
    'browser',
    'call-back',
    'catch-all',
  ]),
  certainty: z.enum(['certain', 'likely', 'unknown']),
  /** 名乗り, with its reading. */
  greeting: z.string(),
  greetingKana: z.string(),
  /** What the operator must know before speaking. */
  note: z.string(),
});

export const callerViewSchema = z.object({
  number: z.string().nullable(),
  numberFormatted: z.string().nullable(),
  rawNumber: z.string().nullable(),
  displayName: z.string().nullable(),
  withheld: z.enum(['withheld', 'payphone', 'unavailable']).nullable(),
  international: z.boolean(),
});

const presenceStateSchema = z.enum(['in', 'out', 'meeting', 'off']);
const presenceViewSchema = z.object({
  state: presenceStateSchema,
  /** UTC ms; null: until told otherwise. */
  until: z.number().nullable(),
});
/** Where a contact is; null: nobody knows. */
export const presenceBodySchema = z.strictObject({
  presence: z
    .strictObject({
      state: presenceStateSchema,
      /** UTC ms; null: until told otherwise. A time that is over says nothing. */
      until: z.number().int().min(0).max(253_402_300_799_999).nullable().default(null),
    })
    .nullable(),
});
export type PresenceBody = z.infer<typeof presenceBodySchema>;

export const contactViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  kana: z.string(),
  title: z.string(),
  phone: z.string().nullable(),
  email: z.string().nullable(),
  presence: presenceViewSchema.nullable(),
});

/**
 * Who could not be had in a call-back, and why. `refused`: by the rules for calls out, or the carrier.
 * `no-key`: picked up and pressed nothing, most likely a voicemail.
 */
export const notReachedSchema = z.enum([
  'contact-no-answer',
  'contact-no-key',
  'contact-busy',
  'contact-wrong-number',
  'contact-refused',
  'contact-unreachable',
  'customer-no-answer',
  'customer-busy',
  'customer-wrong-number',
  'customer-refused',
  'customer-unreachable',
]);
export type NotReached = z.infer<typeof notReachedSchema>;

/**
 * `relayed`: talked with a contact. `unattended`: heard the prompt. `abandoned`: gave up before.
 * `cancelled`: our side gave up before an answer. `line-lost`: nobody hung up, the far end was gone.
 * `fault`: cut by us or by the network.
 */
export const earlierOutcomeSchema = z.enum([
  'answered',
  'relayed',
  'unattended',
  'abandoned',
  'cancelled',
  'line-lost',
  'fault',
  ...notReachedSchema.options,
]);

export const earlierCallSchema = z.object({
  callId: z.string(),
  arrivedAt: z.number(),
  operatorName: z.string().nullable(),
  summary: z.string(),
  /** How it ended; null while it is still going on. */
  outcome: earlierOutcomeSchema.nullable(),
});

/** Why a contact was not connected: decides the operator's next phrase. */
export const relayReasonSchema = z.enum([
  'busy',
  'no-answer',
  'declined',
  'no-key',
  'voicemail',
  'call-back',
  'wrong-number',
  'absent',
  'not-allowed',
  'too-many-calls',
  'unreachable',
  'withdrawn',
]);

/** What the one who asks may do to the call now. */
export const operationSchema = z.enum([
  'answer',
  'decline',
  'hang-up',
  'hold',
  'retrieve',
  'mute',
  'send-digits',
  'pause-recording',
  'resume-recording',
  'relay',
  'connect',
  'three-way',
  'transfer',
  'park',
  'pick-up',
  'hand-over',
  'finish',
  'monitor',
]);

/** A contact in a call: rung, asked for a key, or talking. */
export const callContactSchema = z.object({
  legId: z.string(),
  contactId: z.string().nullable(),
  name: z.string(),
  numberFormatted: z.string(),
  state: z.enum([
    'dialing',
    'ringing',
    'announcing',
    'waiting',
    'accepting',
    'declining',
    'joined',
  ]),
  /** When this is given up. */
  due: z.number().nullable(),
});

export const relayViewSchema = z.object({
  announce: z.enum(['operator', 'system', 'nobody']),
  waiting: z.array(z.object({ contactId: z.string().nullable(), name: z.string() })),
  outcomes: z.array(
    z.object({
      contactId: z.string().nullable(),
      name: z.string(),
      reason: relayReasonSchema,
    }),
  ),
});

export const partySchema = z.enum(['caller', 'operator', 'contact']);

export const monitorModeSchema = z.enum(['listen', 'whisper', 'barge']);

export const callViewSchema = z.object({
  id: z.string(),
  phase: callPhaseSchema,
  version: z.number(),
  arrivedAt: z.number(),
  answeredAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  caller: callerViewSchema,
  called: calledViewSchema,
  operatorId: z.string().nullable(),
  operatorName: z.string().nullable(),
  recordingId: z.string().nullable(),
  recordingPaused: z.boolean(),
  /** It should be recorded, and nothing of what is said is kept now. */
  unrecorded: z.boolean(),
  muted: z.boolean(),
  direction: z.enum(['inbound', 'call-back']),
  /** Since when the caller hears music. */
  heldSince: z.number().nullable(),
  contacts: z.array(callContactSchema),
  relay: relayViewSchema.nullable(),
  parked: z.object({ by: z.string(), since: z.number(), note: z.string() }).nullable(),
  handOver: z
    .object({
      from: z.string(),
      to: z.string(),
      note: z.string(),
      outcome: z.enum(['pending', 'taken', 'no-answer', 'declined', 'failed']),
    })
    .nullable(),
  monitors: z.array(z.object({ operatorId: z.string(), mode: monitorModeSchema })),
  /** Whose own telephone system has us on hold. */
  heldBy: z.array(partySchema),
  /** Of whom nothing is heard, though they hold nobody. */
  noSoundFrom: z.array(partySchema),
  operations: z.array(operationSchema),
  termination: z.object({ class: z.string(), reason: z.string() }).nullable(),
});
export type CallView = z.infer<typeof callViewSchema>;

/** A call as the supervisor in it sees it on her own desk. */
export const watchedCallSchema = z.object({
  callId: z.string(),
  mode: monitorModeSchema,
  phase: callPhaseSchema,
  answeredAt: z.number().nullable(),
  subscriberName: z.string().nullable(),
  callerNumberFormatted: z.string().nullable(),
  operatorName: z.string().nullable(),
});
export type WatchedCall = z.infer<typeof watchedCallSchema>;

/** The message form: every field a string, so that every keystroke can be kept. */
export const messageFieldSchema = z.enum([
  'company',
  'companyKana',
  'name',
  'nameKana',
  'phone',
  'contactId',
  'callType',
  'body',
  'wants',
  'callbackTime',
  'urgency',
]);
export type MessageField = z.infer<typeof messageFieldSchema>;

export const FIELD_LIMITS: Record<MessageField, number> = {
  company: 100,
  companyKana: 100,
  name: 60,
  nameKana: 60,
  phone: 30,
  contactId: 60,
  callType: 40,
  body: 4000,
  wants: 20,
  callbackTime: 100,
  urgency: 10,
};

export const draftViewSchema = z.object({
  callId: z.string(),
  version: z.number(),
  fields: z.partialRecord(messageFieldSchema, z.object({ value: z.string(), version: z.number() })),
  sentMessageId: z.string().nullable(),
});
export type DraftView = z.infer<typeof draftViewSchema>;

/**
 * One snapshot of everything the operator's desk shows. The server pushes a whole one after every
 * change: a page that was away needs nothing else to be right again.
 */
export const deskViewSchema = z.object({
  operatorId: z.string(),
  operatorName: z.string(),
  device: z.enum(['browser', 'sip', 'number']),
  state: operatorStateSchema,
  stateSince: z.number(),
  /** The desk (browser tab) that holds the audio, if any. */
  deskId: z.string().nullable(),
  audio: z.enum(['none', 'connecting', 'up', 'lost']),
  /** The call offered to, held by, or in wrap-up with this operator. */
  call: callViewSchema.nullable(),
  /** A colleague's call that I listen to: never `call`, and nothing of its form or its people. */
  watching: watchedCallSchema.nullable(),
  draft: draftViewSchema.nullable(),
  contacts: z.array(contactViewSchema),
  earlierCalls: z.array(earlierCallSchema),
  waitingCalls: z.number(),
  /** Calls that any desk may pick up, longest parked first. */
  parkedCalls: z.array(
    z.object({
      id: z.string(),
      subscriberName: z.string().nullable(),
      callerNumberFormatted: z.string().nullable(),
      by: z.string(),
      since: z.number(),
      note: z.string(),
    }),
  ),
  serverTime: z.number(),
});
export type DeskView = z.infer<typeof deskViewSchema>;

export const openAudioSchema = z.object({
  deskId: z.string().min(8).max(64),
  sdpOffer: z.string().max(20_000),
  /** 「こちらで受電する」: take the audio over from another desk. */
  takeOver: z.boolean().default(false),
});
export const audioViewSchema = z.object({ legId: z.string(), sdpAnswer: z.string() });
export const presenceSchema = z.object({ presence: z.enum(['available', 'away', 'offline']) });
export const putFieldSchema = z.object({
  value: z.string().max(4000),
  /** Counts up in one page; the server keeps the highest per desk and acknowledges it. */
  clientSeq: z.number().int().nonnegative(),
  deskId: z.string().min(8).max(64),
});
export const fieldAckSchema = z.object({
  callId: z.string(),
  field: messageFieldSchema,
  version: z.number(),
  clientSeq: z.number(),
});
export type FieldAck = z.infer<typeof fieldAckSchema>;

export const customerNumberSchema = z.object({
  number: z.string(),
  formatted: z.string(),
  subscriberName: z.string(),
});
export const customerCallSchema = z.object({
  dialedNumber: z.string().min(3).max(32),
  callerNumber: z.string().max(32).nullable().default(null),
  sdpOffer: z.string().max(20_000),
});
export const customerCallViewSchema = z.object({
  callId: z.string(),
  phase: callPhaseSchema,
  termination: z.object({ class: z.string(), reason: z.string() }).nullable(),
});

const idText = z.string().min(1).max(60);
const note = z.string().max(500).default('');

export const relayTargetSchema = z.union([
  z.strictObject({ contactId: idText }),
  z.strictObject({ number: z.string().min(3).max(32), name: z.string().max(100).default('') }),
]);
export type RelayTargetSpec = z.infer<typeof relayTargetSchema>;
export const relaySchema = z.object({
  to: z.array(relayTargetSchema).min(1).max(8),
  order: z.enum(['one-after-another', 'together']).default('one-after-another'),
  /** `system`: the contact is told who calls, and answers by key: 1 出る, 2 折り返す, 3 少し待ってもらう. */
  announce: z.enum(['operator', 'system']).default('operator'),
});
export const transferSchema = z.object({ to: relayTargetSchema });
export const retrieveSchema = z.object({ because: relayReasonSchema.nullable().default(null) });
export const switchSchema = z.object({ on: z.boolean() });
export const digitsSchema = z.object({ digits: z.string().regex(/^[0-9*#A-Da-d]{1,32}$/) });
export const parkSchema = z.object({ note });
export const handOverSchema = z.object({ operatorId: idText, note });
export const monitorSchema = z.object({ mode: monitorModeSchema });
export const colleaguesSchema = z.object({
  operators: z.array(z.object({ id: z.string(), name: z.string(), state: operatorStateSchema })),
});
export const callBackSchema = z.object({
  number: z.string().min(3).max(32),
  /** Who is rung first; null: my own desk. */
  contactId: idText.nullable().default(null),
});
export const callBackViewSchema = z.object({ callId: z.string() });
