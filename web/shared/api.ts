import { z } from 'zod';
import { problemSchema } from '../../src/contract/index.ts';
import type { Problem } from '../../src/contract/index.ts';

/** A refused or failed request. `problem.message` is a sentence for people. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
  }
}

const OFFLINE: Problem = {
  code: 'offline',
  message: 'The server cannot be reached. Check the network; this page goes on by itself.',
  messageJa:
    'サーバーに接続できません。ネットワークを確認してください。つながり次第、自動で再開します。',
};
const UNREADABLE: Problem = {
  code: 'unreadable',
  message: 'The server gave an answer this page does not understand. Please reload the page.',
  messageJa: 'サーバーの応答を読み取れませんでした。ページを再読み込みしてください。',
};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type RequestOptions = { body?: unknown; signal?: AbortSignal };

/** Browsers carry 64 KiB past the end of a page; a character takes up to three bytes. */
const MAX_OUTLIVING = 16_000;

const sessionEndListeners = new Set<() => void>();

/** Called when the server says that nobody is signed in any more. */
export function onSessionEnd(listener: () => void): () => void {
  sessionEndListeners.add(listener);
  return () => sessionEndListeners.delete(listener);
}

export function announceSessionEnd(): void {
  for (const listener of sessionEndListeners) listener();
}

async function send(method: Method, path: string, options: RequestOptions): Promise<Response> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const timeout = AbortSignal.timeout(15_000);
  try {
    return await fetch(path, {
      method,
      body,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      credentials: 'same-origin',
      // What a page shows as done is done also when it is left or reloaded in that moment.
      keepalive: method !== 'GET' && (body ?? '').length <= MAX_OUTLIVING,
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiProblem(0, OFFLINE);
  }
}

async function refusal(response: Response): Promise<ApiProblem> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => null));
  return new ApiProblem(response.status, parsed.success ? parsed.data : UNREADABLE);
}

/** One request; the answer is checked against its schema. Throws `ApiProblem`. */
export async function request<S extends z.ZodType>(
  schema: S,
  method: Method,
  path: string,
  options: RequestOptions = {},
): Promise<z.output<S>> {
  const response = await send(method, path, options);
  if (!response.ok) {
    const problem = await refusal(response);
    if (response.status === 401 && !path.startsWith(SESSION_PATH)) announceSessionEnd();
    throw problem;
  }
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new ApiProblem(response.status, UNREADABLE);
  return parsed.data;
}

/** For requests whose answer carries nothing the page needs. */
export const nothing: z.ZodUnknown = z.unknown();

export const API = '/api/v1';
export const SESSION_PATH = `${API}/session`;
