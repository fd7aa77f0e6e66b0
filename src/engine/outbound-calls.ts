import { toError } from '../base/index.ts';
import type { Clock, E164, LegId, Logger } from '../base/index.ts';
import { identityHeaders } from '../sip/index.ts';
import type { IdentityHeaders, InviteFailure } from '../sip/index.ts';
import {
  ceilingReached,
  checkOutboundNumber,
  digitsForTrunk,
  inFormat,
} from '../subscribers/index.ts';
import type { Directory, NumberPlan, Trunk, TrunkOutbound } from '../subscribers/index.ts';
import type {
  OutboundCalls,
  OutboundLedger,
  OutboundPlan,
  OutboundRoute,
  OutboundWish,
  TrunkLimit,
} from './ports.ts';
import type { TrunkExperience, TrunkWay } from './trunk-line.ts';
import type { TrunkService } from './trunk-service.ts';

export type TrunkCallsDeps = {
  clock: Clock;
  log: Logger;
  directory: Directory;
  plan: NumberPlan;
  trunks: Pick<TrunkService, 'wayOf' | 'note'>;
  ledger: OutboundLedger;
};

/** Of one trunk: a second server is tried when the first is away, no third. */
const MAX_PEERS = 2;
/** A caller waits while routes are tried: no more than these. */
const MAX_ROUTES = 6;

/** Outbound calls over the declared trunks, within the office's rules. */
export class TrunkCalls implements OutboundCalls {
  readonly #deps: TrunkCallsDeps;

  constructor(deps: TrunkCallsDeps) {
    this.#deps = deps;
  }

  async begin(wish: OutboundWish): Promise<OutboundPlan> {
    const { directory, plan, ledger, clock, log } = this.#deps;
    const rules = directory.settings().outbound;
    const verdict = checkOutboundNumber(wish.number, rules, plan);
    if (!verdict.ok) {
      log.warn({ callId: wish.callId, because: verdict.reason }, 'outbound call refused');
      return { ok: false, reason: 'number-not-allowed', because: verdict.reason };
    }
    const found = await this.#routes({ ...wish, number: verdict.number });
    const all = [...found.first, ...found.lastResort];
    if (all.length === 0) {
      log.warn({ callId: wish.callId }, 'outbound call refused: no trunk');
      return { ok: false, reason: 'no-trunk', because: 'no-trunk' };
    }
    const now = clock.now();
    const { reached, full } = await ledger.begin({ ...wish, now }, this.#limitsOf(all), (use) =>
      ceilingReached(use, rules),
    );
    const hasRoom = ({ trunkId }: OutboundRoute): boolean => !full.includes(trunkId);
    const routes = found.first.filter(hasRoom);
    if (reached === null) {
      const open = routes.length > 0 ? routes : found.lastResort.filter(hasRoom);
      return { ok: true, routes: open.slice(0, MAX_ROUTES) };
    }
    log.warn({ callId: wish.callId, because: reached }, 'outbound call refused');
    return { ok: false, reason: 'ceiling-reached', because: reached };
  }

  note(route: OutboundRoute, outcome: 'ringing' | 'answered' | InviteFailure): void {
    const { trunks, ledger } = this.#deps;
    if (outcome === 'ringing' || outcome === 'answered') {
      trunks.note(route.trunkId, 'alive');
      this.#inBackground(ledger.noteTrunk(route.legId, route.trunkId));
    } else if (outcome.reason !== 'cancelled') {
      trunks.note(route.trunkId, experienceOf(outcome));
    }
  }

  end(leg: LegId): void {
    this.#inBackground(this.#deps.ledger.end(leg, this.#deps.clock.now()));
  }

  /** In the order of the routes. */
  #limitsOf(routes: readonly OutboundRoute[]): TrunkLimit[] {
    const trunks = new Map(this.#deps.directory.trunks().map((trunk) => [trunk.id, trunk]));
    const ids = new Set(routes.map(({ trunkId }) => trunkId));
    return [...ids].map((id) => ({ id, maxCalls: trunks.get(id)?.maxCalls ?? null }));
  }

  /** `lastResort`: over trunks that are passed over for now, for want of others. */
  async #routes(
    wish: OutboundWish,
  ): Promise<Record<'first' | 'lastResort', readonly OutboundRoute[]>> {
    const { directory } = this.#deps;
    let certain = 0;
    const outward = directory
      .trunks()
      .filter(({ outbound }) => outbound !== null)
      .sort((a, b) => (a.outbound?.priority ?? 0) - (b.outbound?.priority ?? 0));
    const proven: OutboundRoute[] = [];
    const hopeful: OutboundRoute[] = [];
    const lastResort: OutboundRoute[] = [];
    for (const trunk of outward) {
      if (certain >= MAX_ROUTES) break;
      const way = await this.#deps.trunks.wayOf(trunk.id);
      if (way === null) continue;
      const worth = way.isPassedOver ? lastResort : way.isProven ? proven : hopeful;
      const routes = this.#routesOver(trunk, { way, wish });
      worth.push(...routes);
      // One with a limit may turn out to be full.
      if (worth === proven && trunk.maxCalls === null) certain += routes.length;
    }
    return { first: [...proven, ...hopeful], lastResort };
  }

  #routesOver(trunk: Trunk, { way, wish }: { way: TrunkWay; wish: OutboundWish }): OutboundRoute[] {
    const { outbound, register } = trunk;
    if (outbound === null) return [];
    const { callerId } = outbound;
    const { directory, plan, log } = this.#deps;
    const { outbound: rules } = directory.settings();
    const dialled = digitsForTrunk(wish.number, callerId.format, { rules, plan });
    if (!dialled.ok) {
      log.warn(
        { callId: wish.callId, trunk: trunk.key, because: dialled.reason },
        'not for this trunk',
      );
      return [];
    }
    const to = `sip:${dialled.digits}@${way.domain};user=phone`;
    const own = this.#ownNumber(wish) ?? callerId.fallbackNumber;
    const account = register?.username ?? null;
    const { from, headers } = identityOf({ callerId, domain: way.domain, account, own, wish, to });
    return way.peers.slice(0, MAX_PEERS).map((destination) => {
      const digest = way.digest();
      const transport = destination.protocol === 'TCP' ? ';transport=tcp' : '';
      return {
        legId: wish.legId,
        trunkId: trunk.id,
        mediaNetworks: trunk.mediaNetworks,
        uri: `${to}${transport}`,
        to: { uri: to },
        destination,
        from,
        headers,
        route: way.route,
        ...(register === null ? {} : { contactUser: register.username }),
        ...(digest === undefined ? {} : { digest }),
      };
    });
  }

  /** The first number lent to the subscriber: what its people and customers know. */
  #ownNumber({ subscriberId }: OutboundWish): E164 | null {
    if (subscriberId === null) return null;
    return this.#deps.directory.didsOf(subscriberId)[0]?.number ?? null;
  }

  #inBackground(work: Promise<void>): void {
    work.catch((thrown: unknown) => {
      this.#deps.log.error({ err: toError(thrown) }, 'outbound call could not be noted');
    });
  }
}

/** Our proof was refused, nothing is paid, or a fault: another trunk does not say the same. */
const REFUSING: readonly number[] = [401, 402, 407, 500, 502, 503];

/** Whether it is the trunk that fails, not the telephone that was rung. */
function experienceOf({ reason, status, response }: InviteFailure): TrunkExperience {
  if (reason !== 'rejected' || response === undefined) return 'silent';
  return REFUSING.includes(status) ? 'refused' : 'alive';
}

/** Without a number of the subscriber's the carrier would show the account's: that is hidden too. */
const NOBODY: IdentityHeaders = {
  from: { uri: 'sip:anonymous@anonymous.invalid', displayName: 'Anonymous' },
  headers: [['Privacy', 'id']],
};

/**
 * Whom the called party is to see, by the trunk's rule unless 184 or 186 was dialled: the subscriber's number; with `diversion`
 * the caller who is passed on, and the number that was rung in Diversion.
 */
function identityOf(call: {
  callerId: TrunkOutbound['callerId'];
  domain: string;
  account: string | null;
  own: E164 | null;
  wish: OutboundWish;
  to: string;
}): IdentityHeaders {
  const { callerId, domain, account, own, wish, to } = call;
  const { format } = callerId;
  const isPrivate =
    wish.presentation === undefined ? callerId.privacy : wish.presentation === 'withheld';
  if (own === null && isPrivate) return NOBODY;
  if (own === null) {
    return { from: { uri: `sip:${account ?? 'anonymous'}@${domain}` }, headers: [] };
  }
  const isPassedOn = callerId.diversion && wish.callerNumber !== null;
  const shown = isPassedOn && wish.callerNumber !== null ? wish.callerNumber : own;
  return identityHeaders(
    {
      number: inFormat(shown, format),
      isPrivate,
      ...(isPassedOn && {
        passedOn: { number: inFormat(own, format), reason: 'unconditional' },
      }),
    },
    {
      domain,
      account: callerId.from === 'account' ? account : null,
      assertedIdentity: callerId.assertedIdentity,
      passedOn: 'diversion',
    },
    to,
  );
}
