import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cpuMsOf } from './machine.ts';
import type { Usage } from './product.ts';
import type { SoundFigures } from './sound-load.ts';
import type { Side } from './sound-code.ts';

type Place = { address: string; port: number };

export type SoundOrder =
  | { do: 'start'; places: Record<Side, Place>; hearing: 'hearing' | 'deaf' }
  | { do: 'add'; call: number; to: Record<Side, Place> }
  | { do: 'remove'; call: number }
  | { do: 'openWindow' | 'closeWindow' | 'stopSpeaking' };
export type SoundAnswer = { figures: SoundFigures };

/**
 * A `SoundLoad` in a process of its own, before all other work: while hundreds of calls come up, what is
 * made of their signalling does not make it speak late.
 */
export class SoundProcess {
  readonly #process: ChildProcess;

  constructor(places: Record<Side, Place>, hearing: 'hearing' | 'deaf' = 'hearing') {
    this.#process = fork(join(import.meta.dirname, 'sound-process-main.ts'));
    this.#order({ do: 'start', places, hearing });
  }

  add(call: number, to: Record<Side, Place>): void {
    this.#order({ do: 'add', call, to });
  }

  remove(call: number): void {
    // A call may end after all the others, when nobody speaks any more.
    if (this.#process.connected) this.#order({ do: 'remove', call });
  }

  openWindow(): void {
    this.#order({ do: 'openWindow' });
  }

  closeWindow(): void {
    this.#order({ do: 'closeWindow' });
  }

  /** Speaks no more and says what was heard in the window. */
  async stopSpeaking(): Promise<SoundFigures> {
    const answer = once(this.#process, 'message');
    this.#order({ do: 'stopSpeaking' });
    const [{ figures }] = (await answer) as [SoundAnswer];
    return figures;
  }

  /** CPU time it has used so far, in ms. */
  cpuMs(): number {
    return cpuMsOf(this.#process.pid ?? 0);
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }

  #order(order: SoundOrder): void {
    this.#process.send(order);
  }
}

const MOST_LOAD_PERCENT = 85;

/** Why the load, not what it measures, may have made these figures. */
export function loadFaultsOf(usage: Usage, sound: SoundFigures): string[] {
  const busy =
    usage.load >= MOST_LOAD_PERCENT ? [`it took ${usage.load.toFixed(0)} % of its core`] : [];
  return [...sound.loadFaults, ...busy];
}
