import { setTimeout as sleep } from 'node:timers/promises';
import { keepDatabaseAway } from '../harness/keep-away.ts';
import { brokenRecordings, leftBehind, linesLeft } from './checks.ts';
import { TIMED, endAll, historyOf, seatSupervisor } from './scripts.ts';
import { Seeded } from './seeded.ts';
import { SoakCall, TARGETS } from './soak-call.ts';
import type { Target } from './soak-call.ts';
import { SoakPhones } from './soak-phones.ts';
import { SoakProduct } from './soak-product.ts';
import { soundFaults } from './sound-checks.ts';

export type OutageOptions = {
  seconds: number;
  calls: number;
  seed: number;
  say: (line: string) => void;
};

const READY_WITHIN_MS = 60_000;
const TALKING: ReadonlySet<Target> = new Set(['talking', 'recording-paused', 'listened-to']);
/** A BYE or CANCEL is answered, and a new caller hears ringing, within this, database or not. */
const ANSWERED_WITHIN_MS = 3_000;

/**
 * PostgreSQL is away for long, with a call in each state: killed again at every start. Calls go on, who hangs up
 * is gone, who calls hears ringing, what people wish is refused; afterwards all is stored and nothing is left.
 * Resolves with one sentence for each thing that went wrong.
 */
export async function outage(options: OutageOptions): Promise<string[]> {
  const phones = await SoakPhones.open();
  let product: SoakProduct | undefined;
  try {
    product = await SoakProduct.start(phones, 3 * options.calls);
    return await new Outage({ ...options, product, phones }).run();
  } finally {
    await product?.stop();
    await phones.close();
  }
}

class Outage {
  readonly #deps: OutageOptions & { product: SoakProduct; phones: SoakPhones };
  readonly #random: Seeded;
  readonly #calls: SoakCall[];
  /** Callers who come while it is away: one stays, one gives up. */
  readonly #late: { stays: SoakCall; givesUp: SoakCall };
  readonly #found: string[] = [];
  /** Who has which call, as it was before. */
  readonly #operators = new Map<string, string>();

  constructor(deps: OutageOptions & { product: SoakProduct; phones: SoakPhones }) {
    this.#deps = deps;
    this.#random = new Seeded(deps.seed);
    const targets = (Object.keys(TARGETS) as Target[]).filter((one) => one !== 'calling-customer');
    const call = (target: Target, index: number): SoakCall =>
      new SoakCall(target, `0900123${String(index).padStart(4, '0')}`, {
        ...deps,
        random: this.#random,
      });
    this.#calls = Array.from({ length: deps.calls }, (_, i) =>
      call(targets[i % targets.length] ?? 'talking', i),
    );
    this.#late = { stays: call('talking', 8_000), givesUp: call('ringing', 8_001) };
  }

  async run(): Promise<string[]> {
    const { phones, product, seconds, say } = this.#deps;
    const all = [...this.#calls, ...Object.values(this.#late)];
    phones.know(all.map(({ view }) => view));
    await seatSupervisor(product, this.#calls);
    await Promise.all(this.#calls.map((call) => call.bringUp()));
    const up = this.#calls.filter(({ reachedAt }) => reachedAt !== undefined);
    say(`${up.length} of ${this.#calls.length} calls are where they should be`);
    await this.#noteOperators();
    const startMs = Date.now();
    const back = keepDatabaseAway(product.platform);
    await this.#meanwhile(startMs + seconds * 1000);
    const killed = await back();
    await product.platform.untilReady(READY_WITHIN_MS);
    const death = { part: 'postgres', atMs: startMs, readyMs: Date.now() };
    say(`away for ${((death.readyMs - startMs) / 1000).toFixed(1)} s, killed ${killed} times`);
    await this.#survivors();
    await endAll(all, { random: this.#random, phones });
    this.#found.push(...(await leftBehind(product)));
    phones.readWire();
    this.#found.push(...linesLeft(all, phones), ...phones.wire.violations());
    this.#found.push(...(await brokenRecordings(product, this.#calls, [])));
    const { stalls } = phones.sound;
    const sound = await soundFaults(product, all, { deaths: [death], stalls });
    say(`${sound.seconds.toFixed(0)} s of tones, ${sound.excused} faults for want of time here`);
    this.#found.push(...sound.found);
    if (this.#found.length > 0) {
      for (const line of await historyOf(product, all, [death])) say(`    ${line}`);
    }
    return this.#found;
  }

  async #meanwhile(untilMs: number): Promise<void> {
    const { phones, product } = this.#deps;
    await sleep(1_000);
    await this.#wishes();
    const { stays, givesUp } = this.#late;
    for (const { view } of [stays, givesUp]) await phones.call(view, product.platform.ports.sip);
    await sleep(ANSWERED_WITHIN_MS);
    this.#expectStatus(stays, 180, 'who called hears nothing');
    givesUp.endFromOutside();
    for (const call of this.#calls.filter(({ target }) => target === 'ringing')) {
      phones.pickUpAll(call.view);
    }
    // Every other call whose caller is there is hung up, by him or by her.
    const leaving = this.#calls.filter(({ isCallBack }, i) => !isCallBack && i % 2 === 1);
    leaving.forEach((call, i) => {
      if (i % 2 === 0 || call.view.up('operator') === undefined) call.endFromOutside();
      else call.endByOperator();
    });
    await sleep(ANSWERED_WITHIN_MS);
    this.#expectStatus(givesUp, 487, 'who gave up is not let go');
    for (const { view, target } of leaving) {
      for (const { party, ended, byeAnswered } of view.lines) {
        if (ended !== 'here' || byeAnswered === true) continue;
        this.#found.push(`the BYE of the ${party} (${target}) was not answered`);
      }
    }
    await sleep(Math.max(0, untilMs - Date.now()));
    await this.#wishes();
  }

  #expectStatus({ view }: SoakCall, status: number, fault: string): void {
    const seen = view.placed?.seen.statuses ?? [];
    if (!seen.includes(status)) this.#found.push(`${fault}: ${seen.join(' ')}`);
  }

  async #noteOperators(): Promise<void> {
    const rows = await this.#deps.product.rows<{ call: string; operator: string }>(
      `select id as call, state -> 'operator' ->> 'operatorId' as operator from call
        where state -> 'operator' ->> 'operatorId' is not null`,
    );
    for (const { call, operator } of rows) this.#operators.set(call, operator);
  }

  /** Refused in words, and nothing hangs. */
  async #wishes(): Promise<void> {
    const { platform } = this.#deps.product;
    const holdable = this.#calls.filter(({ target, isEnding }) => !isEnding && TALKING.has(target));
    for (const { id = '' } of holdable) {
      const by = this.#operators.get(id);
      if (by === undefined) continue;
      const path = `/api/v1/calls/${id}/hold`;
      const { status, body } = await platform.api<{ code?: string }>('POST', path, undefined, by);
      const said = `${status} ${body.code ?? ''}`;
      if (said !== '503 not-saved') this.#found.push(`a wish for ${id}: ${said}`);
    }
    for (const path of ['/readyz', '/metrics', '/healthz']) {
      const { status } = await platform.api('GET', path);
      const wanted = path === '/readyz' ? 503 : 200;
      if (status !== wanted) this.#found.push(`${path} says ${status}`);
    }
  }

  async #survivors(): Promise<void> {
    await sleep(2_000);
    for (const call of this.#calls) {
      const fault = await this.#faultOf(call);
      if (fault === undefined) continue;
      this.#found.push(`${call.target} ${call.id ?? call.view.number}: ${fault}`);
    }
    const late = await this.#late.stays.phase();
    if (late !== 'talking') this.#found.push(`who called meanwhile is ${late ?? 'nowhere'}`);
  }

  async #faultOf(call: SoakCall): Promise<string | undefined> {
    const { target, view, isEnding, reachedAt } = call;
    this.#deps.phones.look(view);
    const phase = (await call.phase()) ?? 'nothing';
    const isOver = phase === 'ended' || phase === 'wrap-up';
    if (isEnding) {
      return isOver || view.up('caller') ? undefined : `${phase}, though its caller has hung up`;
    }
    if (reachedAt === undefined || TIMED.has(target)) return undefined;
    const wanted = target === 'ringing' ? 'talking' : TARGETS[target];
    return phase === wanted ? call.useAgain() : `became ${phase}`;
  }
}
