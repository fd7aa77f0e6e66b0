import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insist, newId } from '../base/index.ts';
import type { ApiTokenId, Clock, Logger, Random } from '../base/index.ts';
import type { ApiToken, ApiTokenStore, NewApiToken } from './ports.ts';

/** Compares without telling by its duration how much was right. */
export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected));
}

export function hashSecret(secret: string): string {
  return sha256(secret).toString('hex');
}

export function newSecret(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** What an `Authorization` header was found to carry. */
export type RecognisedToken =
  { kind: 'fixed'; name: 'api' | 'cli' } | { kind: 'made'; token: ApiToken };

export type ApiTokensOptions = {
  /** `DENWABAN_API_TOKEN`. */
  api?: string | undefined;
  /** This start's token of the command line of this machine. */
  cli?: string | undefined;
  store: ApiTokenStore;
  clock: Clock;
  random: Random;
};

/** By this a token made here is known, to us and to programs that look for leaked secrets. */
const PREFIX = 'denwaban_';
/** Finer than this nobody needs to know when a token was last used. */
const USE_NOTED_EVERY_MS = 60_000;
const TOKEN_RETRY_MS = 5_000;

/**
 * Tokens for programs: the one of the settings and the command line's own, both with all an
 * administrator may do, and those that administrators make, each with the rights of one role.
 */
export class ApiTokens {
  readonly #options: ApiTokensOptions;
  readonly #fixed: { name: 'api' | 'cli'; secret: string }[] = [];

  constructor(options: ApiTokensOptions) {
    this.#options = options;
    if (options.cli !== undefined) this.#fixed.push({ name: 'cli', secret: options.cli });
    if (options.api !== undefined) this.#fixed.push({ name: 'api', secret: options.api });
  }

  /** Which token an `Authorization` header carries; null for one that is wrong, over or revoked. */
  async recognise(authorization: string | undefined): Promise<RecognisedToken | null> {
    const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];
    if (bearer === undefined) return null;
    const fixed = this.#fixed.find(({ secret }) => sameSecret(bearer, secret));
    if (fixed !== undefined) return { kind: 'fixed', name: fixed.name };
    if (!bearer.startsWith(PREFIX)) return null;
    const { store, clock } = this.#options;
    const now = clock.now();
    const token = await store.findByHash(hashSecret(bearer));
    if (token === null || (token.expiresAt !== null && token.expiresAt <= now)) return null;
    if (token.lastUsedAt === null || now - token.lastUsedAt >= USE_NOTED_EVERY_MS) {
      await store.noteUse(token.id, now);
    }
    return { kind: 'made', token };
  }

  /** The secret is in the answer alone: nothing of it but a hash is kept. */
  async create(wanted: NewApiToken): Promise<{ token: ApiToken; secret: string }> {
    const { store, clock, random } = this.#options;
    const secret = `${PREFIX}${newSecret(random)}`;
    const createdAt = clock.now();
    const id = newId<ApiTokenId>('token', createdAt, random);
    const token: ApiToken = { ...wanted, id, createdAt, lastUsedAt: null };
    await store.add(token, hashSecret(secret));
    return { token, secret };
  }

  list(): Promise<ApiToken[]> {
    return this.#options.store.list();
  }

  /** False when there is none. */
  revoke(id: ApiTokenId): Promise<boolean> {
    return this.#options.store.remove(id);
  }
}

/**
 * Makes this start's token of the command line, `<runDir>/cli-token` (0600, whole or not at all). A disk that
 * has no room for it keeps nobody from starting: it is written as soon as there is.
 */
export async function writeCliToken(
  runDir: string,
  { random, clock, log }: { random: Random; clock: Clock; log: Logger },
): Promise<string> {
  const secret = newSecret(random);
  await new Promise<void>((resolve) => {
    const onFailure = ({ message }: Error): void => {
      log.error({ reason: message }, 'the token of the command line cannot be written yet');
      resolve();
    };
    const write = (): Promise<void> => writeToken(runDir, secret);
    void insist(write, { clock, everyMs: TOKEN_RETRY_MS, onFailure }).then(resolve);
  });
  return secret;
}

async function writeToken(runDir: string, secret: string): Promise<void> {
  const path = join(runDir, 'cli-token');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
