import type { Clock, LegId, Logger } from '../base/index.ts';
import type { MediaPlane } from '../media/index.ts';
import type { CallActor } from './call-actor.ts';
import { legsOf } from './call-people.ts';
import type { CallRegistry } from './call-registry.ts';
import type { CallSound } from './call-sound.ts';
import type { CallerSide } from './caller-side.ts';
import type { ContactSide } from './contact-side.ts';
import type { DeskAudio } from './desk-audio.ts';
import { readSignalling } from './leg-signalling.ts';
import type { OperatorSide } from './operator-side.ts';
import type { CallStore, FloorStore, StoredCall } from './ports.ts';
import { BYE_LATEST_MS, BYE_REPEATED_MS } from './sip-service.ts';
import type { SipService } from './sip-service.ts';
import type { TransferRequests } from './transfer-requests.ts';

export type AdoptionDeps = {
  clock: Clock;
  log: Logger;
  /** Names this app process; calls of any other owner are adopted. */
  bootId: string;
  media: MediaPlane;
  sip: SipService;
  calls: CallStore;
  floor: FloorStore;
  registry: CallRegistry;
  deskAudio: DeskAudio;
  sound: CallSound;
  callerSide: CallerSide;
  contactSide: ContactSide;
  operatorSide: OperatorSide;
  transfers: TransferRequests;
  actorOf: (stored: StoredCall) => CallActor;
};

/** Goes on with what another app process left: the calls, the BYEs they owe, and the people they held. */
export async function adoptCalls(deps: AdoptionDeps): Promise<void> {
  const { media, calls, bootId, log, sip } = deps;
  const found = await media.inventory();
  const alive = new Set(found.ok ? found.value.legs.map((leg) => leg.id) : []);
  await deps.deskAudio.adopt(alive);
  const open = (await calls.openCalls()).map(asStoredToday);
  await closeLeftOver(alive, open, deps);
  for (const stored of open) {
    if (!(await calls.adopt(stored.state.id, stored.owner, bootId))) continue;
    const actor = deps.actorOf({ ...stored, owner: bootId });
    actor.hold();
    deps.registry.add(actor);
    if (found.ok) await deps.sound.adopt(actor, found.value);
    const owesBye = mayOweBye(stored, deps.clock);
    for (const leg of stored.legs) {
      sip.adoptLeg(actor, leg, owesBye);
      deps.callerSide.adopt(actor, leg);
      const refer = sip.pendingRefer(actor, leg);
      if (refer) deps.transfers.adopt(actor, leg.id, refer);
    }
    await deps.contactSide.adopt(actor);
    await deps.operatorSide.adopt(actor);
    const { id, phase, direction, callerLeg, termination } = stored.state;
    const callerLegAlive = alive.has(callerLeg.id);
    log.info({ callId: id, phase, callerLegAlive }, 'call adopted');
    const isUncalled = direction === 'call-back' && !callerLeg.answered;
    const isCallerThere = callerLegAlive || termination !== null || isUncalled;
    await actor.resume(
      { type: 'adopted', alive: legsOf(stored).filter((leg) => alive.has(leg)) },
      isCallerThere,
    );
    deps.transfers.onTransition(actor);
  }
  await sayByes(deps);
  await releaseIdleOperators(deps);
}

/**
 * What nobody has any more. Where the former process did not live to store a call, its INVITE comes again and is
 * given a leg of its own: two must not speak to one caller.
 */
async function closeLeftOver(
  alive: ReadonlySet<LegId>,
  open: readonly StoredCall[],
  { media, deskAudio, log }: AdoptionDeps,
): Promise<void> {
  const owned = new Set(open.flatMap(({ legs }) => legs.map(({ id }) => id)));
  for (const legId of alive) {
    if (owned.has(legId) || deskAudio.owns(legId)) continue;
    log.info({ legId }, 'media leg that nobody has any more: closed');
    await media.closeLeg(legId);
  }
}

/** Calls that are over and done with, but for a BYE that may not have left or arrived: only that is said. */
async function sayByes({ calls, clock, bootId, sip, log, actorOf }: AdoptionDeps): Promise<void> {
  const sentSince = clock.now() - BYE_REPEATED_MS;
  const since = { sentSince, endedSince: sentSince - BYE_LATEST_MS };
  for (const stored of (await calls.callsOwingBye(since)).map(asStoredToday)) {
    if (!(await calls.adopt(stored.state.id, stored.owner, bootId))) continue;
    log.info({ callId: stored.state.id }, 'BYE of a call that is over is said again');
    const actor = actorOf({ ...stored, owner: bootId });
    for (const leg of stored.legs) if (leg.sip?.over) sip.adoptLeg(actor, leg, false);
  }
}

/** The former process may have died between the end of the call and its BYE. */
function mayOweBye({ state, pendingEffects }: StoredCall, clock: Clock): boolean {
  const since = clock.now() - (state.endedAt ?? 0);
  return since < BYE_REPEATED_MS && pendingEffects.some(({ type }) => type === 'endCallerLeg');
}

/** An operator held by a call that is no more is free again. */
async function releaseIdleOperators({ floor, clock, registry }: AdoptionDeps): Promise<void> {
  for (const operator of await floor.operators()) {
    if (operator.callId === null || registry.get(operator.callId)) continue;
    await floor.releaseFrom(operator.id, operator.callId, 'available', clock.now());
  }
}

/** A call may have been stored by an earlier version. */
function asStoredToday(stored: StoredCall): StoredCall {
  const legs = stored.legs.map((leg) => ({ ...leg, sip: readSignalling(leg.sip) }));
  return { ...stored, legs };
}
