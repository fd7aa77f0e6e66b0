import type { E164, SubscriberId } from '../base/index.ts';
import type { CalledParty, RecognisedBy } from './called-party.ts';
import { readNumber, userPartOf } from './phone-number.ts';
import type { NumberPlan } from './phone-number.ts';
import type { Trunk } from './ports.ts';

/** Everything in an INVITE that may name the number dialled, raw: user parts, URIs, addresses. */
export type CalledCandidates = {
  requestUri: string | null;
  to: string | null;
  pCalledPartyId: string | null;
  /** RFC 5806, topmost (latest) first. */
  diversion: string[];
  /** RFC 7044, as listed. */
  historyInfo: string[];
};

/** The part of the directory that recognition needs. */
export type DidDirectory = { subscriberOf(did: E164): SubscriberId | null };

type Place = { how: RecognisedBy; certainty: 'certain' | 'likely'; raw: string | null };

/** A forged header may list any number of entries; so many are looked at. */
const MAX_ENTRIES = 20;
const MAX_SHOWN_LENGTH = 64;

/**
 * Whom the call is for. The Request-URI first, unless the trunk's rule names another place as the
 * one that holds the number (its Request-URI is then only the contact we registered); never the To
 * header otherwise: it says what the caller dialled, perhaps before a forwarding. A number of
 * nobody's goes to the catch-all desk.
 */
export function recogniseCalled(
  candidates: CalledCandidates,
  directory: DidDirectory,
  plan: NumberPlan,
  dialedNumberFrom: Trunk['dialedNumberFrom'] = 'request-uri',
): CalledParty {
  for (const { how, certainty, raw } of placesOf(candidates, dialedNumberFrom)) {
    if (raw === null) continue;
    const did = readNumber(raw, plan);
    const subscriberId = did === null ? null : directory.subscriberOf(did);
    if (subscriberId === null) continue;
    return { subscriberId, did, dialedNumber: shown(raw), how, certainty };
  }
  return catchAll(shown(candidates.requestUri ?? candidates.to ?? ''));
}

/** The called party of a browser that calls as a customer. */
export function recogniseBrowserCall(
  dialed: string,
  directory: DidDirectory,
  plan: NumberPlan,
): CalledParty {
  const did = readNumber(dialed, plan);
  const subscriberId = did === null ? null : directory.subscriberOf(did);
  if (subscriberId === null) return catchAll(shown(dialed));
  return { subscriberId, did, dialedNumber: shown(dialed), how: 'browser', certainty: 'certain' };
}

function placesOf(candidates: CalledCandidates, rule: Trunk['dialedNumberFrom']): Place[] {
  const { requestUri, to, pCalledPartyId, diversion, historyInfo } = candidates;
  const places: Place[] = [];
  if (rule !== 'request-uri') {
    const raw = rule === 'to' ? to : pCalledPartyId;
    places.push({ how: 'trunk-rule', certainty: 'certain', raw });
  }
  places.push(
    {
      how: 'request-uri',
      certainty: rule === 'request-uri' ? 'certain' : 'likely',
      raw: requestUri,
    },
    { how: 'p-called-party-id', certainty: 'certain', raw: pCalledPartyId },
  );
  for (const raw of diversion.slice(0, MAX_ENTRIES)) {
    places.push({ how: 'diversion', certainty: 'likely', raw });
  }
  for (const raw of historyInfo.slice(0, MAX_ENTRIES)) {
    places.push({ how: 'history-info', certainty: 'likely', raw });
  }
  return places;
}

function catchAll(dialedNumber: string): CalledParty {
  return { subscriberId: null, did: null, dialedNumber, how: 'catch-all', certainty: 'unknown' };
}

function shown(raw: string): string {
  return userPartOf(raw).replace(/\p{C}/gu, '').slice(0, MAX_SHOWN_LENGTH);
}
