import { formatNameAddress } from './name-address.ts';

/** Whom the called party is to see, in the form the carrier writes numbers. */
export type OutgoingIdentity = {
  /** `+81301234567` or `0301234567`. */
  number: string;
  /** Unicode; carriers often drop it. */
  displayName?: string;
  /** RFC 3323: the called party is not to see the number; the carrier still is. */
  isPrivate?: boolean;
  /** For whom we ring, when somebody called a number of ours first. */
  passedOn?: PassedOn;
};

export type PassedOn = {
  /** The number that was called. */
  number: string;
  reason: PassedOnReason;
  /** How often the call has been passed on; default 1. */
  times?: number;
};

/** RFC 5806 §4; History-Info says it by the cause of RFC 4458. */
export type PassedOnReason =
  'unconditional' | 'no-answer' | 'user-busy' | 'unavailable' | 'deflection';

/** How a trunk wants to be told. */
export type IdentityRule = {
  /** Host part of From and of all identities. */
  domain: string;
  /** Null: the number stands in From. Else our account does, and the number in PAI alone. */
  account: string | null;
  /** RFC 3325; only to carriers that trust us (§9.1). */
  assertedIdentity: boolean;
  /** Where the trunk learns that a call was passed on. */
  passedOn: 'nowhere' | 'diversion' | 'history-info' | 'both';
};

export type IdentityHeaders = {
  /** For `OutgoingTarget.from`. */
  from: { uri: string; displayName?: string };
  /** For `OutgoingTarget.headers`. */
  headers: [name: string, value: string][];
};

/** RFC 4458 §3: why a call came here, as a cause in the URI. */
const CAUSES: Record<PassedOnReason, number> = {
  unconditional: 302,
  'no-answer': 408,
  'user-busy': 486,
  unavailable: 503,
  deflection: 480,
};

/** From and the identity headers of an INVITE to this URI over a trunk of this rule. */
export function identityHeaders(
  identity: OutgoingIdentity,
  rule: IdentityRule,
  requestUri: string,
): IdentityHeaders {
  const { displayName, isPrivate = false, passedOn } = identity;
  const uri = phoneUri(identity.number, rule.domain);
  const headers: IdentityHeaders['headers'] = [];
  if (rule.assertedIdentity) {
    headers.push(['P-Asserted-Identity', formatNameAddress(uri, displayName)]);
  }
  // RFC 3323 §4.2: the carrier is asked to withhold what it is told (RFC 3325 §9.3: id).
  if (isPrivate) headers.push(['Privacy', 'id']);
  if (passedOn) headers.push(...passedOnHeaders(passedOn, rule, { requestUri, isPrivate }));
  return { from: fromOf(identity, rule, uri), headers };
}

function fromOf(
  { displayName, isPrivate = false }: OutgoingIdentity,
  { account, domain }: IdentityRule,
  numberUri: string,
): IdentityHeaders['from'] {
  // RFC 3323 §4.1.1.3: nothing else may give away what the identity withholds.
  if (isPrivate) return { uri: 'sip:anonymous@anonymous.invalid', displayName: 'Anonymous' };
  const uri = account === null ? numberUri : `sip:${account}@${domain}`;
  return displayName === undefined ? { uri } : { uri, displayName };
}

function passedOnHeaders(
  passedOn: PassedOn,
  { domain, passedOn: place }: IdentityRule,
  { requestUri, isPrivate }: { requestUri: string; isPrivate: boolean },
): IdentityHeaders['headers'] {
  const uri = phoneUri(passedOn.number, domain);
  const times = Math.max(1, Math.min(99, passedOn.times ?? 1));
  const headers: IdentityHeaders['headers'] = [];
  if (place === 'diversion' || place === 'both') {
    const privacy = isPrivate ? 'full' : 'off';
    const params = `;reason=${passedOn.reason};privacy=${privacy};counter=${times}`;
    headers.push(['Diversion', `<${uri}>${params}`]);
  }
  if (place === 'history-info' || place === 'both') {
    // RFC 7044 §10.1.2: first who was called, then, one level below, who is called instead.
    const withheld = isPrivate ? '?Privacy=history' : '';
    const cause = `${requestUri};cause=${CAUSES[passedOn.reason]}`;
    headers.push(['History-Info', `<${uri}${withheld}>;index=1`]);
    headers.push(['History-Info', `<${cause}>;index=1.1;mp=1`]);
  }
  return headers;
}

/** RFC 3261 §19.1.6. */
function phoneUri(number: string, domain: string): string {
  return `sip:${number}@${domain};user=phone`;
}
