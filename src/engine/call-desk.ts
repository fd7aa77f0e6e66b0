import { newId } from '../base/index.ts';
import type { CallId, Clock, LegId, OperatorId, PlaybackId, Random } from '../base/index.ts';
import type {
  CallCommands,
  CallEvent,
  CommandOutcome,
  CommandRefusal,
  FloorEvents,
  Operator,
} from '../calls/index.ts';
import type { MediaPlane } from '../media/index.ts';
import type { CallActor } from './call-actor.ts';
import { refusal } from './desk-audio.ts';
import type { Engine } from './engine.ts';
import type { FloorStore } from './ports.ts';
import type { NumberReader } from './number-reader.ts';

export type CallDeskDeps = {
  clock: Clock;
  random: Random;
  engine: Engine;
  media: MediaPlane;
  floor: FloorStore;
  events: FloorEvents;
  numbers: NumberReader;
};

type CustomerCall = Parameters<CallCommands['callAsCustomer']>[0];

const DONE: CommandOutcome = { ok: true, value: null };

/** What people may do, checked against who they are and where the call stands. */
export class CallDesk implements CallCommands {
  readonly #deps: CallDeskDeps;

  constructor(deps: CallDeskDeps) {
    this.#deps = deps;
  }

  async answer(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    if (actor.state.operator?.operatorId === operatorId) return DONE;
    const { offer } = actor.state;
    if (offer?.operatorId !== operatorId) return refuse('not-offered');
    if (offer.device.kind !== 'browser') return refuse('audio-not-ready');
    return this.#tell(actor, { type: 'offer.accepted', operatorId });
  }

  async decline(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    if (actor.state.offer?.operatorId !== operatorId) return refuse('not-offered');
    return this.#tell(actor, { type: 'offer.declined', operatorId });
  }

  async hangUp(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    if (actor.state.operator?.operatorId !== operatorId) return refuse('not-your-call');
    if (actor.state.termination !== null) return refuse('call-over');
    const before = actor.state.version;
    await actor.post({ type: 'operator.hung-up', operatorId });
    return actor.state.version === before ? refuse('not-possible-now') : DONE;
  }

  async finishWrapUp(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    const { operator, wrappingUp, phase } = actor.state;
    const hers = [operator, wrappingUp].find((one) => one?.operatorId === operatorId);
    if (!hers) return refuse('not-your-call');
    if (hers === operator && phase !== 'wrap-up') return refuse('operator-busy');
    return this.#tell(actor, { type: 'operator.wrapped-up', operatorId });
  }

  async setPresence(
    operatorId: OperatorId,
    presence: 'available' | 'away' | 'offline',
  ): Promise<CommandOutcome> {
    const { floor, clock, events, engine } = this.#deps;
    const operator = await floor.operator(operatorId);
    if (!operator) return refuse('not-signed-in');
    if (operator.callId !== null && engine.registry.get(operator.callId)) {
      return refuse('operator-busy');
    }
    if (presence === 'available' && operator.deviceKind === 'browser' && operator.legId === null) {
      return refuse('audio-not-ready');
    }
    const now = clock.now();
    if (!(await floor.releaseFrom(operatorId, operator.callId, presence, now))) {
      return refuse('operator-busy');
    }
    if (presence === 'offline') await engine.deskAudio.close(operator);
    events.publish({ type: 'operator.changed', operatorId });
    if (presence === 'available') engine.wakeWaiting(operatorId);
    return DONE;
  }

  async openAudio(
    operatorId: OperatorId,
    deskId: string,
    sdpOffer: string,
  ): Promise<CommandOutcome<{ legId: LegId; sdpAnswer: string }>> {
    const operator = await this.#browserOperator(operatorId);
    if (!operator) return refuse('not-signed-in');
    return this.#deps.engine.deskAudio.open(operator, deskId, sdpOffer);
  }

  async closeAudio(operatorId: OperatorId, deskId: string): Promise<CommandOutcome> {
    const operator = await this.#browserOperator(operatorId);
    if (!operator) return refuse('not-signed-in');
    if (operator.deskId !== null && operator.deskId !== deskId) return refuse('desk-elsewhere');
    await this.#deps.engine.deskAudio.close(operator);
    return DONE;
  }

  async echoTest(operatorId: OperatorId, seconds: number): Promise<CommandOutcome> {
    const { media, clock } = this.#deps;
    const operator = await this.#browserOperator(operatorId);
    if (!operator) return refuse('not-signed-in');
    if (operator.legId === null) return refuse('audio-not-ready');
    if (operator.callId !== null) return refuse('operator-busy');
    const playback = `${operator.legId}:echo` as PlaybackId;
    const started = await media.play(operator.legId, playback, { kind: 'echo' });
    if (!started.ok) return refuse(refusal(started.reason));
    clock.setTimer(seconds * 1000, () => void media.stopPlayback(playback));
    return DONE;
  }

  async callAsCustomer(options: CustomerCall): ReturnType<CallCommands['callAsCustomer']> {
    const { engine } = this.#deps;
    if (!engine.acceptsCalls) return refuse('too-many-calls');
    return engine.opening((legId) => this.#admitCustomer(legId, options));
  }

  async #admitCustomer(
    legId: LegId,
    options: CustomerCall,
  ): ReturnType<CallCommands['callAsCustomer']> {
    const { engine, media, clock, random, numbers } = this.#deps;
    const called = numbers.dialedInBrowser(options.dialedNumber);
    const opened = await media.openLeg({
      id: legId,
      kind: 'webrtc',
      remoteSdp: options.sdpOffer,
    });
    if (!opened.ok) return refuse(refusal(opened.reason));
    const id = newId<CallId>('call', clock.now(), random);
    const caller = numbers.callerInBrowser(options.callerNumber);
    const localSdp = opened.value.localSdp;
    await engine.admit(
      { id, callerLegId: legId, callerLegKind: 'browser', caller, called, trunkId: null },
      [{ id: legId, role: 'caller', kind: 'browser', sip: null, localSdp }],
    );
    return { ok: true, value: { callId: id, sdpAnswer: localSdp } };
  }

  async hangUpCustomer(callId: CallId): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (actor?.state.callerLeg.kind !== 'browser') return refuse('no-such-call');
    await actor.post({ type: 'caller.hung-up' });
    return DONE;
  }

  async #tell(actor: CallActor, event: CallEvent): Promise<CommandOutcome> {
    const before = actor.state.version;
    if (!(await actor.wish(event))) return refuse('not-saved');
    return actor.state.version === before ? refuse('call-over') : DONE;
  }

  async #browserOperator(id: OperatorId): Promise<Operator | null> {
    const operator = await this.#deps.floor.operator(id);
    return operator?.deviceKind === 'browser' ? operator : null;
  }
}

function refuse(reason: CommandRefusal): { ok: false; reason: CommandRefusal } {
  return { ok: false, reason };
}
