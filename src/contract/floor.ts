import { z } from 'zod';
import { relayRulesSchema } from './center.ts';
import {
  contactViewSchema,
  callPhaseSchema,
  monitorModeSchema,
  operationSchema,
  operatorStateSchema,
} from './calls.ts';

/** The floor as a supervisor sees it. */
export const floorViewSchema = z.object({
  operators: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      device: z.enum(['browser', 'sip', 'number']),
      state: operatorStateSchema,
      stateSince: z.number(),
      callId: z.string().nullable(),
      /** How she is in a colleague's call, `callId`; for the floor she is busy then. */
      watches: monitorModeSchema.nullable(),
    }),
  ),
  calls: z.array(
    z.object({
      id: z.string(),
      phase: callPhaseSchema,
      arrivedAt: z.number(),
      answeredAt: z.number().nullable(),
      subscriberName: z.string().nullable(),
      callerNumberFormatted: z.string().nullable(),
      operatorName: z.string().nullable(),
      /** It should be recorded, and is not. */
      unrecorded: z.boolean(),
      /** Who listens, whispers or has barged in. */
      monitors: z.array(
        z.object({ operatorId: z.string(), name: z.string(), mode: monitorModeSchema }),
      ),
      /** What the one who looks may do from her own place; nothing without one. */
      operations: z.array(operationSchema),
    }),
  ),
  undelivered: z.number(),
});
export type FloorView = z.infer<typeof floorViewSchema>;

export const subscriberViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  kana: z.string(),
  greeting: z.string(),
  greetingKana: z.string(),
  note: z.string(),
  timeZone: z.string(),
  relay: relayRulesSchema,
  dids: z.array(z.object({ number: z.string(), formatted: z.string(), label: z.string() })),
  contacts: z.array(contactViewSchema),
});
export type SubscriberView = z.infer<typeof subscriberViewSchema>;

/** The body of every refused request. `message` is for people: what happened, what to do. */
export const problemSchema = z.object({
  code: z.string(),
  message: z.string(),
  messageJa: z.string(),
  issues: z
    .array(z.object({ path: z.string(), message: z.string(), messageJa: z.string().optional() }))
    .optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** Public facts a page needs before sign-in. */
export const aboutSchema = z.object({
  version: z.string(),
  demo: z.boolean(),
  setupNeeded: z.boolean(),
  smtp: z.boolean(),
  publicUrl: z.string(),
  timeZone: z.string(),
  /** Present in demo mode alone: accounts to try, with their printed passwords. */
  demoAccounts: z
    .array(
      z.object({ email: z.string(), password: z.string(), role: z.string(), name: z.string() }),
    )
    .optional(),
});
export type About = z.infer<typeof aboutSchema>;
