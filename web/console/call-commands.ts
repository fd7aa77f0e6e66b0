import type { CallView } from '../../src/contract/index.ts';
import { API } from '../shared/api.ts';

type Command = (path: string, method: 'POST' | 'PUT', body?: unknown) => Promise<void>;
export type RelayReason = NonNullable<CallView['relay']>['outcomes'][number]['reason'];

export type RelayOrder = {
  contactIds: readonly string[];
  announce: 'operator' | 'system';
};

/** The operations on a call, as the API has them. */
export class CallCommands {
  readonly #command: Command;

  constructor(command: Command) {
    this.#command = command;
  }

  hold(callId: string): Promise<void> {
    return this.#post(callId, 'hold');
  }

  /** Back to the caller; `because` says what became of the contact. */
  retrieve(callId: string, because: RelayReason | null = null): Promise<void> {
    return this.#post(callId, 'retrieve', { because });
  }

  mute(callId: string, on: boolean): Promise<void> {
    return this.#command(`${API}/calls/${callId}/mute`, 'PUT', { on });
  }

  pauseRecording(callId: string, on: boolean): Promise<void> {
    return this.#command(`${API}/calls/${callId}/recording-pause`, 'PUT', { on });
  }

  /** 取次ぎ: the contacts are rung one after another. */
  relay(callId: string, { contactIds, announce }: RelayOrder): Promise<void> {
    const to = contactIds.map((contactId) => ({ contactId }));
    return this.#post(callId, 'relay', { to, order: 'one-after-another', announce });
  }

  connect(callId: string): Promise<void> {
    return this.#post(callId, 'connect');
  }

  threeWay(callId: string): Promise<void> {
    return this.#post(callId, 'three-way');
  }

  transfer(callId: string, contactId: string): Promise<void> {
    return this.#post(callId, 'transfer', { to: { contactId } });
  }

  park(callId: string): Promise<void> {
    return this.#post(callId, 'park', { note: '' });
  }

  pickUp(callId: string): Promise<void> {
    return this.#post(callId, 'pick-up');
  }

  handOver(callId: string, operatorId: string, note: string): Promise<void> {
    return this.#post(callId, 'hand-over', { operatorId, note });
  }

  #post(callId: string, operation: string, body?: unknown): Promise<void> {
    return this.#command(`${API}/calls/${callId}/${operation}`, 'POST', body);
  }
}
