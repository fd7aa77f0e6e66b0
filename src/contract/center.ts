import { z } from 'zod';

/**
 * What `denwaban apply FILE` declares: a whole office. Names in `id` fields are the file's own
 * stable keys (lower-case letters, digits, hyphens): applying twice changes nothing, applying a
 * changed file changes only what differs; what the file does not name is left alone.
 */
const key = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, at most 40');
const phone = z.string().min(3).max(32);
const text = (max: number): z.ZodString => z.string().max(max);

const transport = z.enum(['udp', 'tcp']).default('udp');
const host = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9.-]+$|^\[[0-9A-Fa-f:.]+\]$/, 'a host name or an address, without port');

/** Our account at a carrier that has us register. */
const trunkRegisterSpecSchema = z.strictObject({
  /** `sip:carrier.example.jp` or `sip:192.0.2.1:5060`, the preferred one first. */
  registrars: z.array(z.string().max(200)).min(1).max(8),
  username: z.string().regex(/^[A-Za-z0-9+._-]{1,80}$/, 'letters, digits and + . _ -, at most 80'),
  /** Host part of our address there; without it the host of the first registrar. */
  domain: host.optional(),
  /** For the password check, where it is another than `username`. */
  authUser: z.string().min(1).max(120).optional(),
  /** Never given out again; without it the one already known stays. */
  password: z.string().min(1).max(200).optional(),
  transport,
  expiresSeconds: z.number().int().min(60).max(86_400).default(3600),
});

/** How calls leave over a trunk. */
const trunkOutboundSpecSchema = z.strictObject({
  /** Without it calls go to the registrar we are registered at. */
  host: host.optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  transport,
  /** Lower is tried first. */
  priority: z.number().int().min(1).max(100).default(10),
  callerId: z
    .strictObject({
      /** Host part of From and of the number that is rung; without it `host`. */
      domain: host.optional(),
      format: z.enum(['national', 'e164']).default('national'),
      /** `account`: From names our account, and the number stands in P-Asserted-Identity. */
      from: z.enum(['number', 'account']).default('number'),
      assertedIdentity: z.boolean().default(true),
      privacy: z.boolean().default(false),
      diversion: z.boolean().default(false),
      /** Shown when the subscriber has no number, and for the office's own calls. */
      fallbackNumber: phone.optional(),
    })
    .prefault({}),
});

export const trunkSpecSchema = z.strictObject({
  id: key,
  name: text(100),
  /** Addresses or CIDR networks that may send us calls without registration. */
  addresses: z.array(z.string().max(64)).max(50).default([]),
  register: trunkRegisterSpecSchema.optional(),
  outbound: trunkOutboundSpecSchema.optional(),
  /** Between two OPTIONS that ask whether the trunk is there. */
  probeSeconds: z.number().int().min(10).max(3600).optional(),
  /** Calls at once over this trunk, in and out: then none goes out over it; who calls in is taken. */
  maxCalls: z.number().int().min(1).max(10_000).optional(),
  /** Networks media may come from besides the signalled address. */
  mediaNetworks: z.array(z.string().max(64)).max(50).default([]),
  /** Where the dialled number stands when the Request-URI is not one of our numbers. */
  dialedNumberFrom: z.enum(['request-uri', 'to', 'p-called-party-id']).default('request-uri'),
  trustAssertedIdentity: z.boolean().default(true),
});

export const contactSpecSchema = z.strictObject({
  id: key,
  name: text(100).min(1),
  kana: text(100).default(''),
  title: text(100).default(''),
  phone: phone.nullable().default(null),
  email: z.email().max(254).nullable().default(null),
});

/** Who gets a mail: contacts by id, for all messages or only the urgent ones. */
export const mailRouteSpecSchema = z.strictObject({
  to: z.array(key).min(1).max(20),
  when: z.enum(['always', 'urgent', 'unanswered', 'addressed']).default('always'),
});

export const memberSpecSchema = z.strictObject({
  email: z.email().max(254),
  name: text(100).min(1),
  /** Only used when the account does not exist yet. */
  initialPassword: z.string().min(10).max(200).optional(),
});

/** 取次ぎ: how this subscriber's callers are relayed. */
export const relayRulesSchema = z.strictObject({
  /** Caller and contact are recorded on when the operator has left. */
  recordRelayed: z.boolean().default(true),
  /** The operator may leave the caller to a contact without asking first. */
  blindTransfer: z.boolean().default(true),
  /** After connecting, the operator finishes her form first, or is free at once. */
  afterRelay: z.enum(['wrap-up', 'available']).default('wrap-up'),
});

export const subscriberSpecSchema = z.strictObject({
  id: key,
  name: text(100).min(1),
  kana: text(100).default(''),
  greeting: text(300).min(1),
  greetingKana: text(300).default(''),
  note: text(2000).default(''),
  timeZone: text(60).default('Asia/Tokyo'),
  relay: relayRulesSchema.prefault({}),
  numbers: z
    .array(z.strictObject({ number: phone, label: text(60).default('') }))
    .max(200)
    .default([]),
  contacts: z.array(contactSpecSchema).max(500).default([]),
  mailRoutes: z.array(mailRouteSpecSchema).max(50).default([]),
  members: z.array(memberSpecSchema).max(200).default([]),
});

export const operatorSpecSchema = z.strictObject({
  id: key,
  name: text(100).min(1),
  device: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('browser') }),
      z.strictObject({
        kind: z.literal('sip'),
        /** A registered phone signs in with `username` and `password`… */
        username: z
          .string()
          .regex(/^[A-Za-z0-9._-]{1,40}$/)
          .optional(),
        password: z.string().min(6).max(100).optional(),
        /** …or a fixed address: `sip:operator@192.0.2.10:5060`. */
        uri: z.string().max(200).optional(),
        /** It is asked to pick up by itself; whether it does is its own setting. */
        autoAnswer: z.boolean().optional(),
        /** A SIP phone has no 受電開始: is it on the floor from the start? */
        available: z.boolean().default(true),
      }),
      z.strictObject({
        kind: z.literal('number'),
        /** Outside, rung over the trunks within the outbound rules; a call is taken by key 1. */
        number: phone,
        available: z.boolean().default(true),
      }),
    ])
    .default({ kind: 'browser' }),
  email: z.email().max(254).optional(),
  initialPassword: z.string().min(10).max(200).optional(),
  role: z.enum(['operator', 'supervisor', 'administrator']).default('operator'),
});

const prefixes = z
  .array(z.string().regex(/^\+\d{1,15}$/, 'a prefix in international form, +8190'))
  .max(200)
  .default([]);
const ceiling = (most: number): z.ZodNumber => z.number().int().min(0).max(most);

/** Which telephones may be rung, and how many calls at most. */
const outboundRulesSpecSchema = z.strictObject({
  /** ISO 3166 codes besides Japan, `US`. */
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'a country of two capital letters'))
    .max(250)
    .default([]),
  allowedPrefixes: prefixes,
  deniedPrefixes: prefixes,
  /** 0570 numbers. */
  naviDial: z.boolean().default(false),
  callsPerHour: ceiling(100_000).default(300),
  callsPerHourOfSubscriber: ceiling(100_000).default(40),
  callsAtOnce: ceiling(10_000).default(30),
  callsAtOnceOfSubscriber: ceiling(10_000).default(4),
});

export const centerSpecSchema = z.strictObject({
  version: z.literal(1),
  name: text(100).default(''),
  /** 名乗り when nobody knows which company was rung. */
  catchAll: z
    .strictObject({
      greeting: text(300),
      greetingKana: text(300).default(''),
      note: text(2000).default(''),
    })
    .optional(),
  settings: z
    .strictObject({
      ringNoAnswerSeconds: z.number().int().min(3).max(120).optional(),
      maxWaitSeconds: z.number().int().min(5).max(3600).optional(),
      wrapUpSeconds: z.number().int().min(5).max(7200).optional(),
      outbound: outboundRulesSpecSchema.optional(),
    })
    .optional(),
  trunks: z.array(trunkSpecSchema).max(100).default([]),
  subscribers: z.array(subscriberSpecSchema).max(10_000).default([]),
  operators: z.array(operatorSpecSchema).max(2000).default([]),
});
export type CenterSpec = z.infer<typeof centerSpecSchema>;

export const applyResultSchema = z.object({
  created: z.array(z.string()),
  changed: z.array(z.string()),
  unchanged: z.number(),
  warnings: z.array(z.string()),
});
export type ApplyResult = z.infer<typeof applyResultSchema>;

export const restoreResultSchema = z.object({ tables: z.number(), rows: z.number() });
export type RestoreResult = z.infer<typeof restoreResultSchema>;

export const readinessSchema = z.record(
  z.string(),
  z.object({ ready: z.boolean(), detail: z.string() }),
);
