import type { CallView, PresenceBody } from '../../src/contract/index.ts';
import { API } from '../shared/api.ts';

type Command = (path: string, method: 'POST' | 'PUT', body?: unknown) => Promise<void>;
export type RelayReason = NonNullable<CallView['relay']>['outcomes'][number]['reason'];

/** A contact of the subscriber, or a number as it was typed. */
export type RelayTo = { contactId: string } | { number: string; name: string };

export type RelayWish = {
  to: readonly RelayTo[];
  order: 'one-after-another' | 'together';
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

  /** 取次ぎ */
  relay(callId: string, wish: RelayWish): Promise<void> {
    return this.#post(callId, 'relay', wish);
  }

  /** Where a contact is, as he has just said; null: nobody knows. */
  tellPresence(
    subscriberId: string,
    contactId: string,
    presence: PresenceBody['presence'],
  ): Promise<void> {
    const path = `${API}/subscribers/${subscriberId}/contacts/${contactId}/presence`;
    return this.#command(path, 'PUT', { presence });
  }

  sendDigits(callId: string, digits: string): Promise<void> {
    return this.#post(callId, 'digits', { digits });
  }

  connect(callId: string): Promise<void> {
    return this.#post(callId, 'connect');
  }

  threeWay(callId: string): Promise<void> {
    return this.#post(callId, 'three-way');
  }

  transfer(callId: string, to: RelayTo): Promise<void> {
    return this.#post(callId, 'transfer', { to });
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
