import type { Clock, Random } from '../base/index.ts';
import { hashSecret, newSecret } from './api-token.ts';
import type { SetupLinkStore } from './ports.ts';

const LIFETIME_MS = 60 * 60_000;
const PURPOSE = 'first-administrator';

export type SetupRefusal = 'setup-done' | 'setup-link-wrong' | 'setup-link-expired';

/**
 * The link that makes the first administrator: works once, for an hour; asking for another ends
 * the one before. Only a hash of it is stored.
 */
export class FirstAdministratorLink {
  readonly #store: SetupLinkStore;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(store: SetupLinkStore, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  async issue(): Promise<string> {
    const token = newSecret(this.#random);
    const createdAt = this.#clock.now();
    const expiresAt = createdAt + LIFETIME_MS;
    const tokenHash = hashSecret(token);
    await this.#store.replace({ purpose: PURPOSE, tokenHash, createdAt, expiresAt });
    return token;
  }

  async check(token: string): Promise<SetupRefusal | null> {
    const link = await this.#store.find(PURPOSE, hashSecret(token));
    if (link === null) return 'setup-link-wrong';
    return link.expiresAt > this.#clock.now() ? null : 'setup-link-expired';
  }

  /** Uses the link up. A wrong token leaves it as it is. */
  async redeem(token: string): Promise<SetupRefusal | null> {
    const refusal = await this.check(token);
    if (refusal !== null) return refusal;
    const first = await this.#store.use(PURPOSE, hashSecret(token), this.#clock.now());
    return first ? null : 'setup-link-wrong';
  }
}
