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
import { soundFaults } from './sound-checks.ts';
import type { SoundReport } from './sound-checks.ts';
import { TIMED, endAll, historyOf, seatSupervisor } from './scripts.ts';

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
  /** One for each death: the product is ready after it. */
  readonly #ready: Promise<void>[] = [];
  readonly #calls: SoakCall[];
  #sound: SoundReport = { found: [], seconds: 0, excused: 0 };

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
    await seatSupervisor(product, this.#calls);
    const up = Promise.all(this.#calls.map((call) => call.bringUp()));
    const count = Math.min(mostKills, random.pick([1, 2, 2, 3, 4, 6]));
    const begunMs = performance.now();
    await sleep(random.between(100, 3_000));
    for (let i = 0; i < count && performance.now() - begunMs < KILLING_MS; i++) {
      await this.#kill();
      if (i + 1 < count) await sleep(random.between(50, 2_500));
    }
    await up;
    await Promise.all(this.#ready);
    await sleep(1_000);
    const violations = await this.#survivors();
    await endAll(this.#calls, { random, phones });
    violations.push(...(await leftBehind(product)));
    phones.readWire();
    const { stalls } = phones.sound;
    this.#sound = await soundFaults(product, this.#calls, { deaths: this.deaths, stalls });
    violations.push(
      ...linesLeft(this.#calls, phones, this.deaths),
      ...phones.wire.violations(),
      ...(await brokenRecordings(product, this.#calls, this.deaths)),
      ...this.#sound.found,
    );
    return violations;
  }

  report(): string {
    const { seconds, excused } = this.#sound;
    const parts = this.deaths.map(({ part }) => part).join(', ');
    return `${parts}; ${seconds.toFixed(0)} s of tones${excused > 0 ? `, ${excused} faults for want of time here` : ''}`;
  }

  history(): Promise<string[]> {
    return historyOf(this.#deps.product, this.#calls, this.deaths);
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
    const death = { part: what, atMs, readyMs: Infinity };
    this.deaths.push(death);
    // Whoever looks after the keeper (systemd, a person) starts it again.
    if (part === 'keeper') {
      await sleep(random.between(20, 3_000));
      product.platform.startAgain();
    }
    const isAnother = (): boolean => ![before, undefined].includes(product.pidOf(part));
    await until(isAnother, READY_WITHIN_MS);
    const ready = product.platform.untilReady(READY_WITHIN_MS).then(() => {
      death.readyMs = Date.now();
    });
    // Who waits for it hears of a failure; until then it is nobody's.
    ready.catch(() => undefined);
    this.#ready.push(ready);
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
    if (this.#mayBeOver(call)) return [];
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

  /** A telephone that nobody picks up rings for so long only. */
  #mayBeOver({ target, reachedAt }: SoakCall): boolean {
    const downMs = Math.max(0, ...this.deaths.map(({ atMs, readyMs }) => readyMs - atMs));
    const ringingMs = Date.now() - (reachedAt ?? 0);
    return TIMED.has(target) && Math.max(downMs, ringingMs) > 12_000;
  }
}
