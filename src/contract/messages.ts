import { z } from 'zod';
import { messageFieldSchema } from './calls.ts';

export const deliveryStateSchema = z.enum([
  /** 送信待ち */
  'queued',
  /** 送信中 */
  'sending',
  /** 受付済み: the mail server took it. Never "delivered": SMTP cannot know. */
  'accepted',
  /** 再試行中 */
  'retrying',
  /** 確認中: the outcome is not known; it was or will be sent again, marked 【再送】. */
  'uncertain',
  /** 失敗 */
  'failed',
]);
export type DeliveryState = z.infer<typeof deliveryStateSchema>;

export const deliveryFaultSchema = z.enum([
  'unreachable',
  'no-reply',
  'later',
  'sign-in',
  'sender',
  'destination',
  'content',
  'bad-address',
  'no-address',
  'no-route',
  'no-subscriber',
  'no-message',
  'interrupted',
  'other',
]);

export const deliveryViewSchema = z.object({
  id: z.string(),
  channel: z.enum(['mail']),
  /** To whom, in words: `山田 太郎 <yamada@example.jp>` (masked for other subscribers' eyes never). */
  destination: z.string(),
  state: deliveryStateSchema,
  attempts: z.number(),
  nextAttemptAt: z.number().nullable(),
  acceptedAt: z.number().nullable(),
  /** Possibly sent twice: the receiver may see one copy marked 【再送】. */
  possibleDuplicate: z.boolean(),
  /** Why the last attempt failed; `detail` is what the other side said, in its own language. */
  lastError: z.object({ code: deliveryFaultSchema, detail: z.string() }).nullable(),
});
export type DeliveryView = z.infer<typeof deliveryViewSchema>;

export const recordingViewSchema = z.object({
  id: z.string(),
  callId: z.string(),
  startedAt: z.number(),
  seconds: z.number(),
  state: z.enum(['recording', 'complete', 'incomplete', 'missing']),
  /** Why a part is missing: the disk was full, or did not answer in time. */
  cause: z.enum(['disk-full', 'disk-slow']).nullable(),
  /** Loudness per second and channel, 0–100, for the waveform. At most 1000 points. */
  peaks: z.object({ caller: z.array(z.number()), operator: z.array(z.number()) }).optional(),
});
export type RecordingView = z.infer<typeof recordingViewSchema>;

export const messageViewSchema = z.object({
  id: z.string(),
  receiptNumber: z.string(),
  callId: z.string(),
  subscriberId: z.string().nullable(),
  subscriberName: z.string().nullable(),
  kind: z.enum(['taken', 'unattended', 'abandoned']),
  /** As the mail's subject without its brackets' duplicates: `【折返し希望】株式会社○○ △△様 → 山田様` */
  subject: z.string(),
  fields: z.partialRecord(messageFieldSchema, z.string()),
  contactName: z.string().nullable(),
  callerNumberFormatted: z.string().nullable(),
  withheld: z.enum(['withheld', 'payphone', 'unavailable']).nullable(),
  operatorName: z.string().nullable(),
  arrivedAt: z.number(),
  sentAt: z.number(),
  handledAt: z.number().nullable(),
  handledBy: z.string().nullable(),
  deliveries: z.array(deliveryViewSchema),
  recording: recordingViewSchema.nullable(),
});
export type MessageView = z.infer<typeof messageViewSchema>;

export const messageListSchema = z.object({
  messages: z.array(messageViewSchema),
  nextCursor: z.string().nullable(),
});
export const messageQuerySchema = z.object({
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
  subscriberId: z.string().max(60).optional(),
  handled: z.enum(['yes', 'no', 'all']).default('all'),
  search: z.string().max(100).optional(),
});
export const handledSchema = z.object({ handled: z.boolean() });

/** A mail in the local mailbox: what would have gone out if SMTP were set. */
export const mailboxMailSchema = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  subject: z.string(),
  messageId: z.string(),
  text: z.string(),
  html: z.string(),
  receivedAt: z.number(),
});
export type MailboxMail = z.infer<typeof mailboxMailSchema>;
