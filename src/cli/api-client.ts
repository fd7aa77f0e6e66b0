import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { AppError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { problemSchema } from '../contract/index.ts';
import type { Problem } from '../contract/index.ts';

export type Server = { url: string; token: string };

/** A refusal of the server, in its own words. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

const portsSchema = z.object({ http: z.number().int(), sip: z.number().int() });
const TIMEOUT_MS = 60_000;

/** The ports of the Denwaban running on this data folder; null when none does. */
export function readPorts(config: Config): z.infer<typeof portsSchema> | null {
  try {
    const text = readFileSync(join(config.data.dir, 'run', 'ports.json'), 'utf8');
    return portsSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The Denwaban of this machine's settings, or the one named by `--url` and `--token`. */
export function findServer(
  config: Config,
  named: { url?: string | undefined; token?: string | undefined },
): Server {
  if (named.url !== undefined) {
    const token = named.token ?? config.apiToken;
    if (token === undefined) {
      throw new AppError('cli.no-token', 'With --url say --token, or set DENWABAN_API_TOKEN.');
    }
    return { url: named.url.replace(/\/$/, ''), token };
  }
  const runDir = join(config.data.dir, 'run');
  try {
    const ports = portsSchema.parse(JSON.parse(readFileSync(join(runDir, 'ports.json'), 'utf8')));
    const host = config.http.bind === '0.0.0.0' ? '127.0.0.1' : config.http.bind;
    const scheme = config.http.tls === undefined ? 'http' : 'https';
    const token = named.token ?? readFileSync(join(runDir, 'cli-token'), 'utf8').trim();
    return { url: `${scheme}://${host}:${ports.http}`, token };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      throw new AppError(
        'cli.not-permitted',
        `${runDir} belongs to another user: run this command as the user who runs Denwaban.`,
      );
    }
    throw notRunning(config.data.dir);
  }
}

function notRunning(dataDir: string): AppError {
  return new AppError(
    'cli.not-running',
    `No Denwaban is running on ${dataDir}. Start it with "npm start", set DENWABAN_DATA_DIR as it ` +
      'was started with, or name another one with --url and --token.',
  );
}

/** Requests to the REST API. */
export class ApiClient {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  async json<S extends z.ZodType>(
    schema: S,
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body?: unknown,
  ): Promise<z.output<S>> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = payload && { 'content-type': 'application/json' };
    const answer = await this.#send(method, path, { headers, payload });
    return schema.parse(JSON.parse(await textOf(answer)));
  }

  async remove(path: string): Promise<void> {
    (await this.#send('DELETE', path, {})).resume();
  }

  /** `/readyz`, whose 503 is an answer too. */
  async readiness(): Promise<unknown> {
    return parseJson(await textOf(await this.#exchange('GET', '/readyz', {})));
  }

  /** The answer's bytes as they come. */
  async download(path: string): Promise<Readable> {
    return this.#send('GET', path, {});
  }

  async upload<S extends z.ZodType>(
    schema: S,
    path: string,
    payload: Readable,
  ): Promise<z.output<S>> {
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await this.#send('POST', path, { headers, payload });
    return schema.parse(JSON.parse(await textOf(answer)));
  }

  async #send(
    method: string,
    path: string,
    content: {
      headers?: Record<string, string> | undefined;
      payload?: Buffer | Readable | undefined;
    },
  ): Promise<IncomingMessage> {
    const answer = await this.#exchange(method, path, content);
    if ((answer.statusCode ?? 500) < 400) return answer;
    const text = await textOf(answer);
    const parsed = problemSchema.safeParse(parseJson(text));
    if (parsed.success) throw new Refused(parsed.data);
    throw new AppError(
      'cli.strange-answer',
      `${this.#server.url} answered with status ${answer.statusCode ?? 0}: is it a Denwaban?`,
    );
  }

  async #exchange(
    method: string,
    path: string,
    {
      headers,
      payload,
    }: {
      headers?: Record<string, string> | undefined;
      payload?: Buffer | Readable | undefined;
    },
  ): Promise<IncomingMessage> {
    const url = new URL(path, this.#server.url);
    const options: RequestOptions & { rejectUnauthorized?: boolean } = {
      method,
      headers: { ...headers, authorization: `Bearer ${this.#server.token}` },
      timeout: TIMEOUT_MS,
    };
    // On this machine itself a certificate for the public name says nothing about 127.0.0.1.
    if (isLoopback(url.hostname)) options.rejectUnauthorized = false;
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options);
    request.on('timeout', () => request.destroy(new Error('no answer for a minute')));
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve);
      request.on('error', (error) => reject(unreachable(url, error)));
    });
    if (payload === undefined || payload instanceof Buffer) {
      request.end(payload);
      return answered;
    }
    // A refusal may come before all was sent; then the answer counts, not the broken pipe.
    const sent = pipeline(payload, request);
    sent.catch(() => undefined);
    return answered;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

function unreachable(url: URL, cause: Error): AppError {
  const { code } = cause as NodeJS.ErrnoException;
  return new AppError(
    'cli.unreachable',
    `${url.origin} does not answer (${code ?? cause.message}). Is Denwaban running? "npm start" starts it.`,
    { cause },
  );
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
