import type { Clock, Logger, Random, TrunkId } from '../base/index.ts';
import { parseUri } from '../sip/index.ts';
import type { DialogState, DigestSession, Peer, SipUserAgent } from '../sip/index.ts';
import type { Directory, Trunk, TrunkStatus } from '../subscribers/index.ts';
import type { TrunkSecrets } from './ports.ts';
import { TrunkLine } from './trunk-line.ts';
import type { Locate, TrunkExperience, TrunkWay } from './trunk-line.ts';

export type TrunkServiceDeps = {
  clock: Clock;
  random: Random;
  log: Logger;
  agent: Pick<SipUserAgent, 'request' | 'contactUri'>;
  directory: Directory;
  secrets: TrunkSecrets;
  locate: Locate;
  /** A trunk's state is another one now. */
  onChange: (status: TrunkStatus) => void;
};

/** Keeps every declared trunk registered and probed, and knows which of them carries calls now. */
export class TrunkService {
  readonly #deps: TrunkServiceDeps;
  readonly #lines = new Map<TrunkId, TrunkLine>();
  #syncing: Promise<void> = Promise.resolve();
  #isAtWork = false;
  #stopped = false;

  constructor(deps: TrunkServiceDeps) {
    this.#deps = deps;
  }

  /** From here on, when answers can be heard, trunks are registered and probed. */
  start(): void {
    this.#isAtWork = true;
    for (const line of this.#lines.values()) line.start();
  }

  /** Takes up what the directory declares: new trunks begin, changed ones begin again. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.catch(() => undefined).then(() => this.#sync());
    return this.#syncing;
  }

  statuses(): TrunkStatus[] {
    return [...this.#lines.values()].map((line) => line.status);
  }

  /** Who is registered over a connection that is gone registers anew. */
  connectionLost(peer: Peer): void {
    for (const line of this.#lines.values()) line.connectionLost(peer);
  }

  /**
   * Whose call this is: by the address lists first, then by the registrars. Of several accounts at
   * one registrar the one that the Request-URI names. A name alone proves nothing: a stranger may
   * write any.
   */
  trunkOf(address: string, requestUser: string): Trunk | null {
    const listed = this.#deps.directory.trunkOf(address);
    if (listed !== null) return listed;
    const lines = [...this.#lines.values()].filter((line) => line.isRegistrar(address));
    const named = lines.find(({ trunk }) => trunk.register?.username === requestUser);
    return (named ?? lines[0])?.trunk ?? null;
  }

  /** Is this an address of a trunk, whether it may send us calls or only answers ours? */
  isPeer(address: string): boolean {
    if (this.#deps.directory.trunkOf(address) !== null) return true;
    return [...this.#lines.values()].some((line) => line.isPeer(address));
  }

  /**
   * Our account at the peer of this dialog, also of one that a former process made; of several accounts there
   * the one by whose name the peer knows us.
   */
  digestFor({ peer, localTarget }: DialogState): DigestSession | undefined {
    const listed = this.#deps.directory.trunkOf(peer.address)?.id;
    const lines = [...this.#lines.values()].filter((line) => {
      const isThere = line.trunk.id === listed || line.isPeer(peer.address);
      return isThere && line.trunk.register !== null;
    });
    const uri = parseUri(localTarget);
    const name = uri?.scheme === 'sip' ? uri.user : '';
    return (lines.find(({ trunk }) => trunk.register?.username === name) ?? lines[0])?.digest();
  }

  /** How a call leaves over this trunk now; null when it cannot. */
  async wayOf(id: TrunkId): Promise<TrunkWay | null> {
    return (await this.#lines.get(id)?.way()) ?? null;
  }

  /** What a call over this trunk has met. */
  note(id: TrunkId, experience: TrunkExperience): void {
    this.#lines.get(id)?.note(experience);
  }

  /** The next process goes on with the registrations. */
  release(): void {
    this.#stopped = true;
    for (const line of this.#lines.values()) line.release();
    this.#lines.clear();
  }

  /** An orderly end: registrations are taken away. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const lines = [...this.#lines.values()];
    this.#lines.clear();
    await Promise.all(lines.map((line) => line.stop()));
  }

  async #sync(): Promise<void> {
    const trunks = this.#deps.directory.trunks();
    const wanted = new Map(trunks.map((trunk) => [trunk.id, trunk]));
    for (const [id, line] of [...this.#lines]) {
      if (wanted.has(id)) continue;
      this.#lines.delete(id);
      await line.stop();
    }
    for (const trunk of trunks) await this.#take(trunk);
  }

  async #take(trunk: Trunk): Promise<void> {
    const { secrets, clock, random, log, agent, locate, onChange } = this.#deps;
    const password = trunk.register === null ? null : await secrets.password(trunk.id);
    const known = this.#lines.get(trunk.id);
    if (known?.isSame(trunk, password) === true) {
      known.trunk = trunk;
      return;
    }
    await known?.stop();
    if (this.#stopped) return;
    const line = new TrunkLine(trunk, password, {
      clock,
      random,
      agent,
      locate,
      onChange: (status) => {
        const { state, trouble, sipStatus } = status;
        const level = state === 'refused' || state === 'unreachable' ? 'warn' : 'info';
        log[level]({ trunk: trunk.key, state, trouble, sipStatus }, 'trunk');
        onChange(status);
      },
    });
    this.#lines.set(trunk.id, line);
    if (this.#isAtWork) line.start();
  }
}
