import { z } from 'zod';
import { deskViewSchema, fieldAckSchema, messageFieldSchema } from './calls.ts';
import { messageViewSchema } from './messages.ts';
import { floorViewSchema } from './floor.ts';
import { trunkViewSchema } from './trunks.ts';

/**
 * The one WebSocket, `/api/v1/live`. Text frames, one JSON object each, at most 64 KiB. The client
 * says `hello` first and subscribes to topics; each topic has a policy. A broken frame closes with
 * 1007, a topic one may not see with 4403, an ended session with 4401.
 */
export const topicSchema = z.enum(['desk', 'floor', 'messages']);
export type Topic = z.infer<typeof topicSchema>;

export const liveClientFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    /** One per browser tab, kept in sessionStorage; tells desks of one operator apart. */
    deskId: z.string().min(8).max(64),
    topics: z.array(topicSchema).max(10),
  }),
  z.object({
    type: z.literal('draft.put'),
    callId: z.string().max(60),
    field: messageFieldSchema,
    value: z.string().max(4000),
    clientSeq: z.number().int().nonnegative(),
  }),
  z.object({ type: z.literal('ping'), at: z.number() }),
]);
export type LiveClientFrame = z.infer<typeof liveClientFrameSchema>;

export const noticeSchema = z.object({
  code: z.enum([
    'app-restarted',
    'call-ended-by-fault',
    'still-parked',
    'recording-failed',
    'recording-again',
    'audio-lost',
    'disk-full',
    'disk-room',
    'not-saved',
    'saved-again',
    'turning-away',
    'all-taken',
    'shutting-down',
  ]),
  callId: z.string().nullable(),
});

export const liveServerFrameSchema = z.discriminatedUnion('type', [
  /** First frame after `hello`. A changed `bootId` means a new app process. */
  z.object({ type: z.literal('welcome'), bootId: z.string(), serverTime: z.number() }),
  z.object({ type: z.literal('desk'), desk: deskViewSchema }),
  z.object({ type: z.literal('floor'), floor: floorViewSchema }),
  /** On topic `floor`, when a trunk's state has changed. */
  z.object({ type: z.literal('trunks'), trunks: z.array(trunkViewSchema) }),
  z.object({ type: z.literal('draft.ack'), ack: fieldAckSchema }),
  z.object({
    type: z.literal('draft.refused'),
    callId: z.string(),
    field: messageFieldSchema,
    clientSeq: z.number(),
    reason: z.string(),
  }),
  z.object({ type: z.literal('message'), message: messageViewSchema }),
  /** This desk's audio leg is gone on the server: open it again, the microphone still open. */
  z.object({ type: z.literal('audio.reopen') }),
  /** Another desk of the same operator took the audio. */
  z.object({ type: z.literal('desk.taken'), deskId: z.string() }),
  z.object({ type: z.literal('notice'), notice: noticeSchema }),
  z.object({ type: z.literal('pong'), at: z.number() }),
]);
export type LiveServerFrame = z.infer<typeof liveServerFrameSchema>;
