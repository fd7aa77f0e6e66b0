import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { RecordingId } from '../../base/index.ts';
import { recordingViewSchema } from '../../contract/index.ts';
import { actorOf } from '../../people/index.ts';
import type { App } from '../app.ts';
import { auditOf } from '../audit.ts';
import { readRange } from '../byte-range.ts';
import { ListenLog } from '../listen-log.ts';
import { presentRecording } from '../presenters/message.ts';
import { refuse } from '../problems.ts';
import type { RecordingWav } from '../ports.ts';
import { idParams, STAFF } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'recordings' | 'recordingAudio' | 'audit' | 'clock'>;

const OWN_RECORDING = {
  policy: { kind: 'subscriber-of', resource: 'recording', roles: STAFF },
} as const;

export function registerRecordingRoutes(app: App, deps: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/recordings/:id',
    config: OWN_RECORDING,
    schema: {
      summary: 'A recording with its waveform',
      tags: ['recordings'],
      params: idParams,
      response: { 200: recordingViewSchema },
    },
    handler: async (request, reply) => {
      const recording = await deps.recordings.recording(asId<RecordingId>(request.params.id));
      if (recording === null) return refuse(reply, 'not-found');
      const peaks = await deps.recordingAudio.peaks(recording);
      return { ...presentRecording(recording), ...(peaks && { peaks }) };
    },
  });
  registerAudio(app, deps);
}

function registerAudio(app: App, deps: Deps): void {
  const listens = new ListenLog(deps.clock);
  app.route({
    method: 'GET',
    url: '/api/v1/recordings/:id/audio',
    config: OWN_RECORDING,
    schema: {
      summary: 'The sound: WAV, left the caller, right our side; ranges allowed',
      tags: ['recordings'],
      params: idParams,
      querystring: z.object({ channel: z.enum(['both', 'caller', 'operator']).default('both') }),
      produces: ['audio/wav'],
      response: {
        200: { description: 'All of it', content: { 'audio/wav': { schema: z.any() } } },
        206: { description: 'The part asked for', content: { 'audio/wav': { schema: z.any() } } },
      },
    },
    handler: async (request, reply) => {
      const recording = await deps.recordings.recording(asId<RecordingId>(request.params.id));
      if (recording === null) return refuse(reply, 'not-found');
      const wav = await deps.recordingAudio.open(recording, request.query.channel);
      if (wav === null) return refuse(reply, 'recording-gone');
      const { actorId, actorName } = actorOf(request.identity);
      if (request.method === 'GET' && listens.isNew(actorId ?? actorName, recording.id)) {
        const { id: recordingId } = recording;
        const at = deps.clock.now();
        await deps.audit.appendListen({ recordingId, userId: actorId, userName: actorName, at });
        const subject = { type: 'recording', id: recordingId } as const;
        await deps.audit.append(auditOf(request, deps.clock, 'recording.listened', subject));
      }
      return sendWav(request, reply, wav);
    },
  });
}

function sendWav(request: FastifyRequest, reply: FastifyReply, wav: RecordingWav): FastifyReply {
  const { sizeBytes } = wav;
  const range = readRange(request.headers.range, sizeBytes);
  void reply.header('cache-control', 'no-store, private').header('accept-ranges', 'bytes');
  if (range === 'unsatisfiable') {
    return refuse(reply.header('content-range', `bytes */${sizeBytes}`), 'range-not-satisfiable');
  }
  const { from, to } = range ?? { from: 0, to: sizeBytes };
  if (range !== null) {
    void reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${sizeBytes}`);
  }
  void reply.type('audio/wav').header('content-length', to - from);
  return reply.send(Readable.from(wav.read(from, to), { objectMode: false }));
}
