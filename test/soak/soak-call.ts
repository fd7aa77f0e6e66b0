import { setTimeout as sleep } from 'node:timers/promises';
import type { CallPhase } from '../../src/calls/index.ts';
import type { Seeded } from './seeded.ts';
import { LISTED_CONTACT } from './soak-product.ts';
import type { SoakProduct } from './soak-product.ts';
import { OutsideView } from './soak-phones.ts';
import type { SoakPhones } from './soak-phones.ts';

/** Where a call is brought to, and in which phase it is then. */
export const TARGETS = {
  ringing: 'offering',
  talking: 'talking',
  held: 'held',
  'recording-paused': 'talking',
  relaying: 'relaying',
  consulting: 'consulting',
  'three-way': 'three-way',
  relayed: 'relayed',
  parked: 'parked',
  'handing-over': 'handing-over',
  'listened-to': 'talking',
  'calling-contact': 'calling-contact',
  'calling-customer': 'calling-customer',
} as const satisfies Record<string, CallPhase>;
export type Target = keyof typeof TARGETS;

const BRING_UP_MS = 12_000;

/** One scripted call: brought to its state by telephones and REST, like a person would. */
export class SoakCall {
  readonly target: Target;
  readonly view: OutsideView;
  id: string | undefined;
  /** It was in its state, and everybody was told so, before this moment (Unix ms). */
  reachedAt: number | undefined;
  /** The scripts have ended it. */
  isEnding = false;
  readonly #product: SoakProduct;
  readonly #phones: SoakPhones;
  readonly #random: Seeded;

  constructor(
    target: Target,
    number: string,
    deps: { product: SoakProduct; phones: SoakPhones; random: Seeded },
  ) {
    this.target = target;
    this.#product = deps.product;
    this.#phones = deps.phones;
    this.#random = deps.random;
    const soon = (): number => deps.random.between(30, 500);
    this.view = new OutsideView(number, {
      contactTail: target.startsWith('calling-') ? LISTED_CONTACT : '',
      pressesOne: target === 'calling-customer',
      pickUpMs: {
        caller: null,
        operator: target === 'ringing' ? null : soon(),
        contact: target === 'relaying' || target === 'calling-contact' ? null : soon(),
      },
    });
  }

  get isCallBack(): boolean {
    return this.target.startsWith('calling-');
  }

  /** Resolves when the call is in its state, has ended, or could not be brought there. */
  async bringUp(): Promise<void> {
    await sleep(this.#random.between(0, 600));
    try {
      if (this.isCallBack) await this.#callBack();
      else await this.#callIn();
      if (await this.#isIn(TARGETS[this.target])) this.reachedAt = Date.now();
    } catch (error) {
      // A wish that nobody took while everything was dead: the call stays where it is.
      if (!isTrouble(error)) throw error;
    }
  }

  async phase(): Promise<CallPhase | undefined> {
    const state = await this.#state();
    return state?.phase;
  }

  /** Somebody outside ends it, whatever it is at. */
  endFromOutside(): void {
    this.isEnding = true;
    this.#phones.look(this.view);
    const line = this.view.up('caller');
    if (line) this.#phones.hangUp(line);
    else if (this.view.placed?.seen.dialog == null) this.#phones.giveUp(this.view);
    if (this.isCallBack) {
      for (const party of ['caller', 'contact'] as const) {
        const up = this.view.up(party);
        if (up) this.#phones.hangUp(up);
      }
      for (const { invite } of this.view.ringing) if (invite.state === 'open') invite.reject(486);
    }
  }

  /** The operator's telephone is put down first. */
  endByOperator(): void {
    this.isEnding = true;
    const line = this.view.up('operator');
    if (line) this.#phones.hangUp(line);
  }

  /** What a person does with a call that has outlived a death; the sentence of what did not work. */
  async useAgain(): Promise<string | undefined> {
    const state = await this.#state();
    if (!state?.operator) return undefined;
    const by = state.operator;
    if (state.phase === 'talking') {
      const held = await this.#wish('POST', 'hold', {}, by);
      const back = await this.#wish('POST', 'retrieve', {}, by);
      return held === 204 && back === 204 ? undefined : `hold ${held}, retrieve ${back}`;
    }
    if (state.phase !== 'held' && state.phase !== 'consulting') return undefined;
    const back = await this.#wish('POST', 'retrieve', {}, by);
    return back === 204 ? undefined : `retrieve ${back}`;
  }

  async #callBack(): Promise<void> {
    const { subscriberId, contactId } = this.#product;
    const path = `/api/v1/subscribers/${subscriberId}/call-backs`;
    await this.#product.wish('POST', path, { number: this.view.number, contactId });
  }

  async #callIn(): Promise<void> {
    await this.#phones.call(this.view, this.#product.platform.ports.sip);
    if (this.target === 'ringing') return;
    if (!(await this.#isIn('talking'))) return;
    const by = (await this.#state())?.operator ?? '';
    await this.#operate(by);
  }

  async #operate(by: string): Promise<void> {
    switch (this.target) {
      case 'held':
        await this.#wish('POST', 'hold', {}, by);
        return;
      case 'recording-paused':
        await this.#wish('PUT', 'recording-pause', { on: true }, by);
        return;
      case 'parked':
        await this.#wish('POST', 'park', { note: 'soak' }, by);
        return;
      case 'listened-to':
        await this.#wish('PUT', 'monitor', { mode: 'listen' }, this.#product.supervisor);
        return;
      case 'handing-over':
        await this.#handOver(by);
        return;
      case 'relaying':
      case 'consulting':
      case 'three-way':
      case 'relayed':
        await this.#relay(by);
        return;
      default:
    }
  }

  async #relay(by: string): Promise<void> {
    const to = [{ number: this.view.contactNumber, name: 'soak' }];
    await this.#wish('POST', 'relay', { to }, by);
    if (this.target === 'relaying' || !(await this.#isIn('consulting'))) return;
    if (this.target === 'three-way') await this.#wish('POST', 'three-way', {}, by);
    if (this.target === 'relayed') await this.#wish('POST', 'connect', {}, by);
  }

  async #handOver(by: string): Promise<void> {
    this.view.pickUpMs.operator = null;
    const free = await this.#product.rows<{ id: string }>(
      `select id from operator where state = 'available' and device_kind = 'sip' limit 20`,
    );
    if (free.length === 0) return;
    const { id: operatorId } = this.#random.pick(free);
    await this.#wish('POST', 'hand-over', { operatorId, note: 'soak' }, by);
  }

  async #wish(method: string, name: string, body: unknown, by: string): Promise<number> {
    const before = await this.phase();
    const path = `/api/v1/calls/${this.id ?? ''}/${name}`;
    const isBare = method === 'POST' && ['hold', 'connect', 'three-way'].includes(name);
    const isDone = async (): Promise<boolean> => (await this.phase()) !== before;
    return this.#product.wish(method, path, isBare ? undefined : body, { by, isDone });
  }

  async #isIn(phase: CallPhase): Promise<boolean> {
    const until = performance.now() + BRING_UP_MS;
    while (performance.now() < until && !this.isEnding) {
      this.#phones.look(this.view);
      const now = await this.phase();
      if (now === phase) return true;
      if (now === 'ended' || now === 'wrap-up') return false;
      await sleep(50);
    }
    return false;
  }

  async #state(): Promise<{ phase: CallPhase; operator: string | null } | undefined> {
    const number = this.view.number.replace(/^0/, '+81');
    const [row] = await this.#product.rows<{
      id: string;
      phase: CallPhase;
      operator: string | null;
    }>(
      `select id, phase, state -> 'operator' ->> 'operatorId' as operator from call
        where caller_number = $1 order by arrived_at desc limit 1`,
      [number],
    );
    this.id = row?.id;
    return row;
  }
}

function isTrouble(error: unknown): boolean {
  return error instanceof Error && (error.message === 'fetch failed' || 'cause' in error);
}
