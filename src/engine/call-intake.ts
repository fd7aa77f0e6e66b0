import { newId } from '../base/index.ts';
import type { CallId, Clock, LegId, Logger, Random } from '../base/index.ts';
import type { MediaPlane, MediaRefusal } from '../media/index.ts';
import { decodeUser, encodeUtf8, parseUri } from '../sip/index.ts';
import type { IncomingInvite } from '../sip/index.ts';
import type { Trunk } from '../subscribers/index.ts';
import type { Engine } from './engine.ts';
import type { StoredLeg } from './ports.ts';
import type { NumberReader } from './number-reader.ts';
import type { TrunkService } from './trunk-service.ts';

export type CallIntakeDeps = {
  clock: Clock;
  random: Random;
  log: Logger;
  engine: Engine;
  media: MediaPlane;
  numbers: NumberReader;
  trunks: Pick<TrunkService, 'trunkOf'>;
};

/** Programs that try every address for an open relay; an answer would only encourage them. */
const SCANNERS = /friendly-scanner|sipvicious|sipcli|sip-scan|pplsip|vaxsip|sundayddr|iwar/i;
/** Strangers are told 403 this often per minute, so that a mistaken trunk is found; then nothing. */
const REFUSALS_PER_MINUTE = 20;

const LATER = { headers: [['Retry-After', '10']] } as const;
/** A carrier that obeys it sends nothing at all meanwhile, so not for long: we carry most of what comes. */
const CROWDED = { headers: [['Retry-After', '1']] } as const;

/** From an INVITE to a call: who sends it, whom it is for, who calls, and can we hear each other. */
export class CallIntake {
  readonly #deps: CallIntakeDeps;
  #refusals = { minute: 0, count: 0 };

  constructor(deps: CallIntakeDeps) {
    this.#deps = deps;
  }

  async onInvite(invite: IncomingInvite): Promise<void> {
    const trunk = this.#deps.trunks.trunkOf(invite.source.address, requestUser(invite));
    if (!trunk) {
      this.#refuseStranger(invite);
      return;
    }
    const { engine } = this.#deps;
    if (!engine.acceptsCalls) {
      if (engine.isCrowded) engine.turnedAway.note();
      invite.reject(503, engine.isCrowded ? CROWDED : LATER);
      return;
    }
    await engine.opening((legId) => this.#admit(legId, invite, trunk));
  }

  async #admit(legId: LegId, invite: IncomingInvite, trunk: Trunk): Promise<void> {
    const { engine, media, clock, random, numbers, log } = this.#deps;
    const opened = await media.openLeg({
      id: legId,
      kind: 'rtp',
      signallingAddress: invite.source.address,
      mediaNetworks: trunk.mediaNetworks,
      ...(invite.remoteSdp === '' ? {} : { remoteSdp: invite.remoteSdp }),
    });
    if (!opened.ok) {
      log.warn({ trunk: trunk.key, reason: opened.reason }, 'call refused: no media');
      refuseMedia(invite, opened.reason);
      return;
    }
    if (invite.state !== 'open') {
      await media.closeLeg(legId);
      return;
    }
    const { called, caller } = numbers.read(invite.request, trunk);
    const leg = callerLegOf(legId, invite, opened.value.localSdp);
    const newCall = {
      id: newId<CallId>('call', clock.now(), random),
      callerLegId: legId,
      callerLegKind: 'sip',
      caller,
      called,
      trunkId: trunk.id,
    } as const;
    await engine.admit(newCall, [leg], (actor) => engine.callerSide.attach(actor, legId, invite));
  }

  #refuseStranger(invite: IncomingInvite): void {
    const { log, clock } = this.#deps;
    const agent = invite.request.headers.get('User-Agent') ?? '';
    const minute = Math.floor(clock.now() / 60_000);
    if (this.#refusals.minute !== minute) this.#refusals = { minute, count: 0 };
    this.#refusals.count++;
    if (SCANNERS.test(agent) || this.#refusals.count > REFUSALS_PER_MINUTE) {
      invite.ignore();
      return;
    }
    const { address } = invite.source;
    log.warn({ address }, 'INVITE from an address that belongs to no trunk: refused');
    invite.reject(403);
  }
}

/** Whom the carrier addresses: of several accounts at one registrar, this one. */
function requestUser(invite: IncomingInvite): string {
  const uri = parseUri(invite.request.uri);
  return uri?.scheme === 'sip' || uri?.scheme === 'sips' ? decodeUser(uri.user) : '';
}

function callerLegOf(id: LegId, invite: IncomingInvite, localSdp: string): StoredLeg {
  const answer = invite.prepareAnswer({ sdp: localSdp });
  return {
    id,
    role: 'caller',
    kind: 'sip',
    sip: {
      side: 'incoming',
      invite: invite.stored,
      answer,
      offerless: invite.remoteSdp === '',
      dialog: answer.dialog,
    },
    localSdp,
  };
}

function refuseMedia(invite: IncomingInvite, reason: MediaRefusal): void {
  if (reason === 'no-common-codec' || reason === 'bad-sdp') {
    const text =
      reason === 'bad-sdp' ? 'SDP not understood' : 'No common codec, PCMU or PCMA needed';
    invite.reject(488, { headers: [['Warning', `304 denwaban "${encodeUtf8(text)}"`]] });
    return;
  }
  invite.reject(503, LATER);
}
