import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../harness/platform.ts';
import { brokenRecordings, leftBehind, linesLeft } from './checks.ts';
import type { Death } from './checks.ts';
import { Seeded } from './seeded.ts';
import { SoakCall, TARGETS } from './soak-call.ts';
import type { Target } from './soak-call.ts';
import { SoakPhones } from './soak-phones.ts';
import { SoakProduct } from './soak-product.ts';
import type { Part } from './soak-product.ts';

/** `app-asked`: SIGTERM to the app; the others are killed with -9. */
export type Weights = Partial<Record<Part | 'app-asked', number>>;
export type KillsOptions = {
  kills: number;
  calls: number;
  seed: number;
  weights: Weights;
  say: (line: string) => void;
  /** Asked before each round. */
  isOver: () => boolean;
};
export type KillsResult = { kills: number; rounds: number; violations: string[] };

const READY_WITHIN_MS = 60_000;
/** A caller whom nothing answers is gone after 32 s (RFC 3261 timer B), and nobody can be told. */
const KILLING_MS = 12_000;
const TIMED: ReadonlySet<Target> = new Set([
  'relaying',
  'calling-contact',
  'calling-customer',
  'handing-over',
]);
/** A supervisor's browser without a browser: there for the few seconds until its silence is noticed. */
const SUPERVISOR_OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 0',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:soak',
  'a=ice-pwd:L0TXDMILPiNpq+DHrGZMj36a',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

/**
 * Rounds of scripted calls in which processes of the product are killed at random moments, also while
 * the next app takes the calls up. After each round nothing may be left behind.
 */
export async function kills(options: KillsOptions): Promise<KillsResult> {
  const result: KillsResult = { kills: 0, rounds: 0, violations: [] };
  const phones = await SoakPhones.open();
  let product: SoakProduct | undefined;
  try {
    while (result.kills < options.kills && !options.isOver()) {
      product ??= await SoakProduct.start(phones, 2 * options.calls);
      const random = new Seeded(options.seed * 10_007 + result.rounds);
      const round = new Round({ ...options, product, phones, random, number: result.rounds });
      const violations = await round.run(options.kills - result.kills);
      result.rounds++;
      result.kills += round.deaths.length;
      options.say(`round ${result.rounds}: ${round.report()}; ${result.kills} kills`);
      if (violations.length === 0) continue;
      for (const violation of violations) options.say(`  VIOLATION: ${violation}`);
      for (const line of await round.history()) options.say(`    ${line}`);
      result.violations.push(...violations);
      await product.stop();
      product = undefined;
    }
    return result;
  } finally {
    await product?.stop();
    await phones.close();
  }
}

type RoundDeps = Pick<KillsOptions, 'calls' | 'weights'> & {
  product: SoakProduct;
  phones: SoakPhones;
  random: Seeded;
  number: number;
};

class Round {
  readonly deaths: Death[] = [];
  readonly #deps: RoundDeps;
  readonly #calls: SoakCall[];

  constructor(deps: RoundDeps) {
    this.#deps = deps;
    const targets = Object.keys(TARGETS) as Target[];
    const callBacks: Target[] = ['calling-contact', 'calling-customer'];
    const plain = targets.filter((target) => !callBacks.includes(target));
    this.#calls = Array.from({ length: deps.calls }, (_, i) => {
      // One call-back a round: the contact who is in the list has one telephone.
      const target = i === 0 ? deps.random.pick(callBacks) : deps.random.pick(plain);
      const tail = String((deps.number * deps.calls + i) % 9_000).padStart(4, '0');
      return new SoakCall(target, `0900123${tail}`, deps);
    });
  }

  async run(mostKills: number): Promise<string[]> {
    const { phones, random, product } = this.#deps;
    phones.know(this.#calls.map(({ view }) => view));
    await product.platform.untilReady();
    await this.#seatSupervisor();
    const up = Promise.all(this.#calls.map((call) => call.bringUp()));
    const count = Math.min(mostKills, random.pick([1, 2, 2, 3, 4, 6]));
    const begunMs = performance.now();
    await sleep(random.between(100, 3_000));
    for (let i = 0; i < count && performance.now() - begunMs < KILLING_MS; i++) {
      await this.#kill();
      if (i + 1 < count) await sleep(random.between(50, 2_500));
    }
    await up;
    await this.#untilReady();
    await sleep(1_000);
    const violations = await this.#survivors();
    await this.#endAll();
    violations.push(...(await leftBehind(product)));
    phones.readWire();
    violations.push(
      ...linesLeft(this.#calls, phones),
      ...phones.wire.violations(),
      ...(await brokenRecordings(product, this.#calls, this.deaths)),
    );
    return violations;
  }

  report(): string {
    return this.deaths.map(({ part }) => part).join(', ');
  }

  /** What the stored history of the calls says. */
  async history(): Promise<string[]> {
    const ids = this.#calls.flatMap(({ id }) => (id === undefined ? [] : [id]));
    const rows = await this.#deps.product.rows<{ call_id: string; at: Date; text: string }>(
      `select call_id, at, version || ' ' || from_phase || ' > ' || to_phase || ' ' || event as text
        from call_transition where call_id = any($1) order by call_id, version`,
      [ids],
    );
    const died = this.deaths.map(
      ({ part, atMs, readyMs }) => `${new Date(atMs).toISOString()} ${part}, ${readyMs - atMs} ms`,
    );
    const lines = this.#calls.map(({ target, id, view }) => {
      const ends = view.lines.map(({ party, ended }) => `${party} ${ended ?? 'up'}`).join(', ');
      return `${id ?? view.number} ${target}: ${ends}; ${view.placed?.seen.statuses.join(' ') ?? ''}`;
    });
    return [
      ...died,
      ...lines,
      ...rows.map(({ call_id: id, at, text }) => `${id} ${at.toISOString()} ${text}`),
    ];
  }

  async #seatSupervisor(): Promise<void> {
    if (!this.#calls.some(({ target }) => target === 'listened-to')) return;
    const { product } = this.#deps;
    const body = { deskId: 'desk-soak-1', sdpOffer: SUPERVISOR_OFFER, takeOver: true };
    await product.wish('POST', '/api/v1/desk/audio', body, product.supervisor);
  }

  async #kill(): Promise<void> {
    const { product, random, weights } = this.#deps;
    const what = random.weighted(weights);
    const part = what === 'app-asked' ? 'app' : what;
    const signal = what === 'app-asked' ? 'SIGTERM' : 'SIGKILL';
    await until(() => product.pidOf(part) !== undefined, READY_WITHIN_MS);
    const before = product.pidOf(part);
    // Who hangs up while nobody is there to hear it, and a little before and after.
    for (const call of this.#calls.filter(() => random.chance(0.15))) {
      setTimeout(() => call.endFromOutside(), random.between(0, 900));
    }
    await sleep(random.between(0, 200));
    product.kill(part, signal);
    const atMs = Date.now();
    this.deaths.push({ part: what, atMs, readyMs: atMs });
    const isAnother = (): boolean => ![before, undefined].includes(product.pidOf(part));
    await until(isAnother, READY_WITHIN_MS);
  }

  async #untilReady(): Promise<void> {
    await this.#deps.product.platform.untilReady(READY_WITHIN_MS);
    const readyMs = Date.now();
    for (const death of this.deaths) death.readyMs = readyMs;
  }

  /** Every call that was up and that nobody ended is up, and can be worked with. */
  async #survivors(): Promise<string[]> {
    if (this.deaths.some(({ part }) => part === 'media')) return [];
    const found: string[] = [];
    for (const call of this.#calls.filter(({ isEnding }) => !isEnding)) {
      const name = `${call.target} ${call.id ?? call.view.number}`;
      const faults = await this.#faultsOf(call);
      found.push(...faults.map((fault) => `${name}: ${fault}`));
    }
    return found;
  }

  async #faultsOf(call: SoakCall): Promise<string[]> {
    const { phones, random } = this.#deps;
    phones.look(call.view);
    const phase = await call.phase();
    const wasThere = call.reachedAt !== undefined && call.reachedAt < (this.deaths[0]?.atMs ?? 0);
    const found: string[] = [];
    // A telephone that nobody picks up rings for so long only.
    const isTimed = TIMED.has(call.target) && this.#downMs() > 12_000;
    if (isTimed) return [];
    if (wasThere && phase !== TARGETS[call.target]) found.push(`became ${phase ?? 'nothing'}`);
    if (phase === 'ended' || phase === 'wrap-up') found.push('nobody ended it');
    const isAlone = phase === 'relayed' || phase === 'parked';
    const cutOff = call.view.lines.filter(
      ({ party, ended }) => ended === 'there' && !(isAlone && party === 'operator'),
    );
    found.push(...cutOff.map(({ party }) => `the ${party} was cut off`));
    const failed = wasThere && random.chance(0.4) ? await call.useAgain() : undefined;
    return failed === undefined ? found : [...found, failed];
  }

  #downMs(): number {
    return Math.max(0, ...this.deaths.map(({ atMs, readyMs }) => readyMs - atMs));
  }

  async #endAll(): Promise<void> {
    const { random, phones } = this.#deps;
    const byOperator = this.#calls.filter(
      ({ isEnding, view }) => !isEnding && view.up('operator') !== undefined && random.chance(0.3),
    );
    for (const call of byOperator) call.endByOperator();
    if (byOperator.length > 0) await sleep(700);
    // Whoever is offered a call that its operator has left lets it ring.
    for (const call of this.#calls) {
      call.view.pickUpMs.operator = null;
      phones.look(call.view);
      call.endFromOutside();
    }
    await sleep(300);
    for (const call of this.#calls) call.endFromOutside();
  }
}
