import type { Clock, Random } from '../base/index.ts';
import {
  DigestSession,
  OptionsProbe,
  RegistrationClient,
  parseUri,
  samePeer,
} from '../sip/index.ts';
import type { Peer, ProbeState, RegistrationState, SipUri, SipUserAgent } from '../sip/index.ts';
import type { Trunk, TrunkState, TrunkStatus, TrunkTrouble } from '../subscribers/index.ts';

/** Where the server of a URI is now, the preferred place first; nothing when it cannot be found. */
export type Locate = (uri: SipUri) => Promise<Peer[]>;

export type TrunkLineDeps = {
  clock: Clock;
  random: Random;
  agent: Pick<SipUserAgent, 'request' | 'contactUri'>;
  locate: Locate;
  onChange: (status: TrunkStatus) => void;
};

/** How a call leaves over a trunk now. */
export type TrunkWay = {
  /** The preferred one first. */
  peers: Peer[];
  /** RFC 3608. */
  route: string[];
  /** Host part of the numbers. */
  domain: string;
  /** False for one that has not registered yet: others go first. */
  isProven: boolean;
  /** It refused a call a moment ago: worth a try where no other trunk is. */
  isPassedOver: boolean;
  /** A new session for each call: another dialog, another count of the nonce. */
  digest: () => DigestSession | undefined;
};

type Condition = Pick<TrunkStatus, 'state' | 'trouble' | 'sipStatus'>;

/** What a call has met: `refused` is a 5xx, which may concern that one number; `silent` is nothing at all. */
export type TrunkExperience = 'alive' | 'refused' | 'silent';

/** Nobody knows better of one that is being checked, or that nobody watches. */
const IN_ORDER: readonly TrunkState[] = ['registered', 'reachable', 'checking', 'unwatched'];

/** After a 5xx or no answer calls go over other trunks for this long. */
const PASSED_OVER_MS = 30_000;

/** One trunk at work: its registration, its probe, and what calls have met. */
export class TrunkLine {
  trunk: Trunk;
  readonly #password: string | null;
  readonly #deps: TrunkLineDeps;
  readonly #registration: RegistrationClient | null;
  #probe: OptionsProbe | null = null;
  #probed: ProbeState = 'unknown';
  /** The registrar that the probe has asked last. */
  #asked: Peer | null = null;
  /** The probe found it down, and it has not taken our registration since. */
  #mayBeForgotten = false;
  #registrars: Peer[] = [];
  /** Where calls and OPTIONS went last. */
  #servers: Peer[] = [];
  #condition: Condition;
  #since: number;
  #passedOver: { until: number; because: TrunkExperience } = { until: 0, because: 'alive' };
  /** Its registration has come to something, good or bad, since we began. */
  #isSettled = false;
  #isOver = false;

  constructor(trunk: Trunk, password: string | null, deps: TrunkLineDeps) {
    this.trunk = trunk;
    this.#password = password;
    this.#deps = deps;
    this.#registration = this.#registrationOf(trunk, password);
    this.#since = deps.clock.now();
    this.#condition = this.#conditionNow();
  }

  /** The same account, way and probe: nothing has to begin again. */
  isSame(trunk: Trunk, password: string | null): boolean {
    const shape = ({ register, outbound, probeSeconds }: Trunk): string =>
      JSON.stringify([register, outbound, probeSeconds]);
    return shape(trunk) === shape(this.trunk) && password === this.#password;
  }

  get status(): TrunkStatus {
    const { trunk } = this;
    return { trunk, ...this.#condition, since: this.#since, carriesCalls: this.#carriesCalls };
  }

  start(): void {
    this.#registration?.start();
    this.#startProbe();
  }

  connectionLost(peer: Peer): void {
    this.#registration?.connectionLost(peer);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#probe?.stop();
    await this.#registration?.stop();
  }

  release(): void {
    this.#isOver = true;
    this.#probe?.stop();
    this.#registration?.release();
  }

  /** Does this address belong to the registrars of our account? */
  isRegistrar(address: string): boolean {
    return isAmong(this.#registrars, address);
  }

  /** Do we speak with this address: a registrar, or where calls and OPTIONS go? */
  isPeer(address: string): boolean {
    return this.isRegistrar(address) || isAmong(this.#servers, address);
  }

  note(experience: TrunkExperience): void {
    const isAlive = experience === 'alive';
    const until = isAlive ? 0 : this.#deps.clock.now() + PASSED_OVER_MS;
    this.#passedOver = { until, because: experience };
    this.#probe?.note(isAlive);
  }

  async way(): Promise<TrunkWay | null> {
    const { outbound } = this.trunk;
    const isPassedOver = this.#isPassedOver;
    // One that says nothing would let a caller wait for it.
    const isSilent = isPassedOver && this.#passedOver.because === 'silent';
    if (outbound === null || isSilent || !this.#isInOrder) return null;
    const { peers, route } = await this.#place();
    if (peers.length === 0) return null;
    return {
      peers,
      route,
      domain: outbound.callerId.domain ?? outbound.host ?? this.#domain,
      isProven: this.#condition.state !== 'registering',
      isPassedOver,
      digest: () => this.digest(),
    };
  }

  /** The server that calls go to, or the registrar that has taken us. */
  async #place(): Promise<Pick<TrunkWay, 'peers' | 'route'>> {
    const registered = this.#registered;
    const place = this.#outboundPlace() ?? (registered ? null : this.#firstRegistrar());
    if (place === null) {
      return registered
        ? { peers: [registered.registrar], route: registered.serviceRoute }
        : { peers: [], route: [] };
    }
    const peers = await this.#deps.locate(place);
    if (peers.length > 0) this.#servers = peers;
    return { peers, route: [] };
  }

  get #registered(): Extract<RegistrationState, { kind: 'registered' }> | null {
    const state = this.#registration?.state;
    return state?.kind === 'registered' ? state : null;
  }

  get #carriesCalls(): boolean {
    return !this.#isPassedOver && this.#isInOrder;
  }

  get #isPassedOver(): boolean {
    return this.#passedOver.until > this.#deps.clock.now();
  }

  get #isInOrder(): boolean {
    if (this.trunk.outbound === null || this.#isOver) return false;
    const { state } = this.#condition;
    // A process that has just begun owes calls of the former one, whose registration holds still.
    if (state === 'registering') return !this.#isSettled;
    return IN_ORDER.includes(state);
  }

  /** Host part of our address of record. */
  get #domain(): string {
    const { register } = this.trunk;
    if (register === null) return '';
    return register.domain ?? placeOf(register.registrars[0] ?? '', register.transport)?.host ?? '';
  }

  #outboundPlace(): SipUri | null {
    const { outbound } = this.trunk;
    if (outbound?.host == null) return null;
    const { host, port, transport } = outbound;
    return placeOf(`sip:${host}${port === null ? '' : `:${port}`}`, transport);
  }

  /** Our account there; undefined for a trunk that knows us by our address. */
  digest(): DigestSession | undefined {
    const { register } = this.trunk;
    if (register === null || this.#password === null) return undefined;
    const username = register.authUser ?? register.username;
    return new DigestSession({ username, password: this.#password });
  }

  #registrationOf(trunk: Trunk, password: string | null): RegistrationClient | null {
    const { register } = trunk;
    if (register === null || password === null) return null;
    const { clock, random, agent } = this.#deps;
    return new RegistrationClient(
      {
        addressOfRecord: `sip:${register.username}@${this.#domain}`,
        credentials: { username: register.authUser ?? register.username, password },
        expiresSeconds: register.expiresSeconds,
      },
      {
        clock,
        random,
        agent,
        locate: () => this.#locateRegistrars(),
        onChange: (state) => this.#registrationSays(state),
      },
    );
  }

  async #locateRegistrars(): Promise<Peer[]> {
    const { register } = this.trunk;
    const places = (register?.registrars ?? []).flatMap((uri) => {
      return placeOf(uri, register?.transport ?? 'udp') ?? [];
    });
    const found = (await Promise.all(places.map((place) => this.#deps.locate(place)))).flat();
    // What could not be looked up this time keeps its calls.
    if (found.length > 0) this.#registrars = found;
    return found;
  }

  #startProbe(): void {
    const { probeSeconds } = this.trunk;
    const place = this.#probePlace();
    if (probeSeconds === null || place === null) return;
    this.#probe = new OptionsProbe(
      {
        uri: `sip:${place.host}`,
        from: { uri: `sip:denwaban@${this.#domain === '' ? place.host : this.#domain}` },
        locate: () => this.#locateProbed(place),
        intervalMs: probeSeconds * 1000,
      },
      {
        clock: this.#deps.clock,
        agent: this.#deps.agent,
        onChange: (state) => this.#probeSays(state),
      },
    );
    this.#probe.start();
  }

  #probeSays(state: ProbeState): void {
    const was = this.#probed;
    this.#probed = state;
    this.#settle();
    if (state === 'down') {
      this.#mayBeForgotten = true;
      // Calls to us arrive at the registrar that has us: the next one takes us long before a refresh is due.
      const isOfRegistrar = this.#outboundPlace() === null;
      if (isOfRegistrar && this.#registrars.length > 1) this.#registration?.registerNow();
    } else if (was === 'down' && this.#mayBeForgotten) {
      // Where it has begun anew it may have forgotten us, and calls would find no way in.
      this.#registration?.registerNow();
    }
  }

  #registrationSays(state: RegistrationState): void {
    if (state.kind === 'registered') {
      this.#mayBeForgotten = false;
      const isElsewhere = this.#asked !== null && !samePeer(this.#asked, state.registrar);
      // What the probe knows is of the registrar before.
      if (this.#probed === 'down' && isElsewhere && this.#outboundPlace() === null) {
        this.#probe?.stop();
        this.#probed = 'unknown';
        this.#startProbe();
      }
    }
    this.#settle();
  }

  #probePlace(): SipUri | null {
    return this.#outboundPlace() ?? this.#firstRegistrar() ?? this.#firstAddress();
  }

  /** Where calls would go now: of several registrars the one that has taken us. */
  async #locateProbed(place: SipUri): Promise<Peer[]> {
    const registered = this.#outboundPlace() === null ? this.#registered : null;
    if (registered !== null) {
      this.#asked = registered.registrar;
      return [registered.registrar];
    }
    const peers = await this.#deps.locate(place);
    if (peers.length > 0) this.#servers = peers;
    return peers;
  }

  #firstRegistrar(): SipUri | null {
    const { register } = this.trunk;
    return register === null ? null : placeOf(register.registrars[0] ?? '', register.transport);
  }

  #firstAddress(): SipUri | null {
    const host = this.trunk.addresses.find((address) => !address.includes('/'));
    if (host === undefined) return null;
    return placeOf(`sip:${host.includes(':') ? `[${host}]` : host}`, 'udp');
  }

  #settle(): void {
    if (this.#isOver) return;
    const next = this.#conditionNow();
    const { state, trouble } = this.#condition;
    const same = next.state === state && next.trouble === trouble;
    this.#condition = next;
    if (next.state !== 'registering') this.#isSettled = true;
    if (same) return;
    if (next.state !== state) this.#since = this.#deps.clock.now();
    this.#deps.onChange(this.status);
  }

  #conditionNow(): Condition {
    if (this.trunk.register === null) return { ...this.#probedCondition(), sipStatus: null };
    if (this.#registration === null) return trouble('refused', 'no-password');
    const state = this.#registration.state;
    switch (state.kind) {
      case 'idle':
      case 'registering':
        return { state: 'registering', trouble: null, sipStatus: null };
      case 'registered':
        return this.#probed === 'down'
          ? trouble('unreachable', 'probe-unanswered')
          : { state: 'registered', trouble: null, sipStatus: null };
      case 'failed':
        return failed(state.reason, state.status);
    }
  }

  #probedCondition(): { state: TrunkState; trouble: TrunkTrouble | null } {
    if (this.#probed === 'down') return { state: 'unreachable', trouble: 'probe-unanswered' };
    if (this.#probed === 'up') return { state: 'reachable', trouble: null };
    const isWatched = this.trunk.probeSeconds !== null && this.#probePlace() !== null;
    return { state: isWatched ? 'checking' : 'unwatched', trouble: null };
  }
}

function isAmong(peers: readonly Peer[], address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return peers.some((peer) => peer.address === plain);
}

function failed(reason: 'refused' | 'unreachable' | 'no-address', status: number): Condition {
  if (reason === 'no-address') return trouble('unreachable', 'no-address');
  if (reason === 'unreachable') return trouble('unreachable', 'no-answer', status);
  if (status === 401 || status === 403 || status === 407) {
    return trouble('refused', 'wrong-password', status);
  }
  return trouble('refused', status === 404 ? 'unknown-account' : 'account-refused', status);
}

function trouble(state: TrunkState, what: TrunkTrouble, status = 0): Condition {
  return { state, trouble: what, sipStatus: status === 0 ? null : status };
}

/** The URI with its transport: its own parameter wins over what the trunk declares. */
function placeOf(uriText: string, transport: 'udp' | 'tcp'): SipUri | null {
  const uri = parseUri(uriText);
  if (uri?.scheme !== 'sip') return null;
  const complete = uri.params.has('transport')
    ? uri
    : parseUri(`${uriText};transport=${transport}`);
  return complete?.scheme === 'sip' ? complete : null;
}
