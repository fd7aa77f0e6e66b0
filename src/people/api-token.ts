import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../base/index.ts';

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

/**
 * Tokens for programs: the one of the settings (`DENWABAN_API_TOKEN`) and, per start, one for the
 * command line of this machine. Both have administrator scope.
 */
export class ApiTokens {
  readonly #tokens: { token: 'api' | 'cli'; secret: string }[] = [];

  constructor(secrets: { api?: string | undefined; cli?: string | undefined }) {
    if (secrets.cli !== undefined) this.#tokens.push({ token: 'cli', secret: secrets.cli });
    if (secrets.api !== undefined) this.#tokens.push({ token: 'api', secret: secrets.api });
  }

  /** Which token an `Authorization` header carries. */
  recognise(authorization: string | undefined): 'api' | 'cli' | null {
    const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];
    if (bearer === undefined) return null;
    return this.#tokens.find(({ secret }) => sameSecret(bearer, secret))?.token ?? null;
  }
}

/** Writes `<runDir>/cli-token` (0600, whole or not at all) and returns the new token. */
export async function writeCliToken(runDir: string, random: Random): Promise<string> {
  const secret = newSecret(random);
  const path = join(runDir, 'cli-token');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secret;
}
