import type { Clock } from '../base/index.ts';
import { nextHop, parseUri } from '../sip/index.ts';
import type { Peer } from '../sip/index.ts';
import type { RegistrationStore, StoredBinding } from './ports.ts';

/** Where a phone is reached now. */
export type ReachablePhone = { uri: string; destination: Peer; route: string[] };

const MAX_FIXED = 5_000;

export type PhoneBookDeps = {
  clock: Clock;
  store: RegistrationStore;
  /** A host name's IPv4 address; null when it has none. */
  lookup: (host: string) => Promise<string | null>;
};

/** The registered phones, in memory as in the database, and the fixed addresses of the others. */
export class PhoneBook {
  readonly #deps: PhoneBookDeps;
  readonly #bindings = new Map<string, StoredBinding[]>();
  /** Where phones of a fixed address were called, latest last. */
  readonly #fixedAddresses = new Set<string>();

  constructor(deps: PhoneBookDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const binding of await store.allBindings(clock.now())) {
      this.#bindings.set(binding.username, [...this.bindingsOf(binding.username), binding]);
    }
  }

  bindingsOf(username: string): StoredBinding[] {
    const now = this.#deps.clock.now();
    return (this.#bindings.get(username) ?? []).filter(({ expiresAt }) => expiresAt > now);
  }

  async replace(username: string, bindings: StoredBinding[]): Promise<void> {
    await this.#deps.store.replaceBindings(username, bindings);
    if (bindings.length === 0) this.#bindings.delete(username);
    else this.#bindings.set(username, bindings);
  }

  registeredUsers(): string[] {
    return [...this.#bindings.keys()].filter((user) => this.bindingsOf(user).length > 0);
  }

  isPhoneAt(address: string): boolean {
    if (this.#fixedAddresses.has(address)) return true;
    const all = [...this.#bindings.values()].flat();
    return all.some(({ sourceAddress }) => sourceAddress === address);
  }

  /** `registered:NAME` or a SIP URI; null when nobody can be reached there. */
  async resolve(target: string): Promise<ReachablePhone | null> {
    if (!target.startsWith('registered:')) return this.#fixed(target);
    const newest = this.bindingsOf(target.slice('registered:'.length)).at(-1);
    if (!newest) return null;
    const { contactUri, path: route, transport } = newest;
    const source: Peer = {
      protocol: transport,
      address: newest.sourceAddress,
      port: newest.sourcePort,
    };
    const way = { peer: source, routeSet: route, remoteTarget: contactUri };
    const destination = transport === 'UDP' ? source : nextHop(way);
    return { uri: contactUri, destination, route };
  }

  async #fixed(target: string): Promise<ReachablePhone | null> {
    const uri = parseUri(target);
    if (uri?.scheme !== 'sip') return null;
    const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(uri.host);
    const address = isAddress ? uri.host : await this.#deps.lookup(uri.host);
    if (address === null) return null;
    this.#remember(address);
    const protocol = uri.params.get('transport')?.toLowerCase() === 'tcp' ? 'TCP' : 'UDP';
    const destination: Peer = { protocol, address, port: uri.port ?? 5060 };
    return { uri: target, destination, route: [] };
  }

  #remember(address: string): void {
    this.#fixedAddresses.delete(address);
    this.#fixedAddresses.add(address);
    const [oldest] = this.#fixedAddresses;
    if (this.#fixedAddresses.size > MAX_FIXED && oldest !== undefined) {
      this.#fixedAddresses.delete(oldest);
    }
  }
}
