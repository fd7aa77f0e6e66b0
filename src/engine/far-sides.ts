import type { LegId } from '../base/index.ts';
import type { FarEnd } from '../calls/index.ts';
import type { MediaEvent } from '../media/index.ts';
import type { CallActor } from './call-actor.ts';
import type { CallRegistry } from './call-registry.ts';
import type { SipService } from './sip-service.ts';

export type FarSidesDeps = {
  registry: CallRegistry;
  sip: SipService;
  /** Its silence means more: the desk's audio tells the call. */
  isDesk: (leg: LegId) => boolean;
};

/** What the far ends of a call's legs do that moves nobody: holding, and making no sound. */
export class FarSides {
  readonly #deps: FarSidesDeps;

  constructor(deps: FarSidesDeps) {
    this.#deps = deps;
  }

  async onHold(actor: CallActor, legId: LegId, how: FarEnd['held']): Promise<void> {
    await actor.post({ type: 'leg.held', legId, how });
  }

  async onMediaEvent(event: MediaEvent): Promise<void> {
    const news = newsIn(event);
    if (news === null) return;
    const { legId, why } = news;
    if (why === 'stopped' && this.#deps.isDesk(legId)) return;
    await this.#actorWith(legId)?.post({ type: 'leg.unheard', legId, why });
  }

  /** OPTIONS inside the dialog (RFC 3261 §11): 481 or no answer is what a far end says that is gone. */
  async probe(actor: CallActor, legId: LegId): Promise<void> {
    const outcome = await this.#deps.sip.request(actor, legId, 'OPTIONS', {});
    if (outcome?.ended !== true) return;
    actor.log.warn({ legId }, 'nothing is heard of the far end, and it does not answer: gone');
    await actor.post({ type: 'leg.lost', legId });
  }

  /** A desk's kept-up leg is no leg of the call's own. */
  #actorWith(legId: LegId): CallActor | undefined {
    const { registry } = this.#deps;
    return (
      registry.byLeg(legId) ?? registry.all().find(({ state }) => state.operator?.legId === legId)
    );
  }
}

function newsIn(event: MediaEvent): { legId: LegId; why: FarEnd['unheard'] } | null {
  if (event.type === 'leg.media-back') return { legId: event.leg, why: null };
  if (event.type !== 'leg.media-lost' || event.reason === 'ice-timeout') return null;
  return { legId: event.leg, why: event.reason === 'no-rtp' ? 'never' : 'stopped' };
}
