export { SipUserAgent } from './user-agent.ts';
export type {
  InviteTarget,
  OutgoingTarget,
  RequestTarget,
  SipListener,
  SipUserAgentOptions,
} from './user-agent.ts';
export { IncomingInvite } from './incoming-invite.ts';
export type {
  AnswerOptions,
  IncomingInviteObserver,
  StoredIncomingInvite,
} from './incoming-invite.ts';
export { IncomingRequest } from './incoming-request.ts';
export { OutgoingInvite } from './outgoing-invite.ts';
export type { InviteFailure, OutgoingInviteObserver, StoredInvite } from './outgoing-invite.ts';
export type {
  InDialogOptions,
  InDialogOutcome,
  PreparedRequest,
  RequestOutcome,
  StoredRequest,
} from './outgoing-request.ts';
export type { AnswerObserver } from './answer.ts';
export type { StoredAnswer } from './answer-repeater.ts';
export type { DialogId, DialogState } from './dialog.ts';
export type { OfferInUpdate } from './dialog-table.ts';
export { dialogKey, nextHop } from './dialog.ts';
export { glareDelayMs } from './glare.ts';
export { digitOfInfo } from './info-digit.ts';
export { placesOfRedirect } from './redirect.ts';
export { DigestServer } from './digest-server.ts';
export type { DigestServerOptions, DigestVerdict, Ha1Lookup } from './digest-server.ts';
export { DigestSession } from './digest-client.ts';
export type { Credentials } from './digest-client.ts';
export { computeHa1 } from './digest.ts';
export type { DigestAlgorithm, HashAlgorithm, HashFunction } from './digest.ts';
export {
  contactOf,
  cseqOf,
  fromOf,
  fromTagOf,
  reasonPhrase,
  sdpOf,
  sipCallIdOf,
  toOf,
  toTagOf,
  topVia,
} from './message.ts';
export type { CSeq, SipMessage, SipRequest, SipResponse } from './message.ts';
export { encodeUtf8, formatNameAddress, parseNameAddress } from './name-address.ts';
export type { NameAddress } from './name-address.ts';
export { parseMessage } from './parse-message.ts';
export type { ParseIssue, ParseResult } from './parse-message.ts';
export type { ResponseOptions } from './response.ts';
export { serializeMessage } from './serialize-message.ts';
export {
  endsSubscription,
  formatReferTo,
  formatReplaces,
  parseReferTo,
  referEventOf,
  referNotify,
  replacesOf,
  sipfragStatus,
  wantsNoSubscription,
} from './refer.ts';
export type { ReferTarget } from './refer.ts';
export { SipHeaders } from './sip-headers.ts';
export { DEFAULT_TIMERS } from './timers.ts';
export type { TimerValues } from './timers.ts';
export { isPrivateAddress, samePeer } from './transport.ts';
export type { Address, Destination, Peer, SipTransport, TransportProtocol } from './transport.ts';
export { decodeUser, encodeUser, formatUri, parseUri, sameUri } from './uri.ts';
export type { SipUri, TelUri, Uri } from './uri.ts';
export {
  DEFAULT_REGISTRAR_LIMITS,
  authorizeRegister,
  bindingTarget,
  processRegister,
} from './registrar.ts';
export type {
  RegisterAuthorization,
  RegisterOptions,
  RegisterResult,
  RegistrarLimits,
  SipBinding,
} from './registrar.ts';
export { calledNumbers, callingNumbers, privacyOf } from './number-in-uri.ts';
export type { DecodeUtf8, NumberCandidate, NumberSource } from './number-in-uri.ts';
export { FloodGate } from './flood-gate.ts';
export type { FloodGateOptions } from './flood-gate.ts';
export { StreamFramer } from './stream-framer.ts';
export type { FramerOutput } from './stream-framer.ts';
export { RegistrationClient } from './registration-client.ts';
export type {
  RegistrationDeps,
  RegistrationFailure,
  RegistrationOptions,
  RegistrationState,
} from './registration-client.ts';
export { OptionsProbe } from './options-probe.ts';
export type { ProbeDeps, ProbeOptions, ProbeState } from './options-probe.ts';
export { locateServer } from './locate-server.ts';
export type { LocateOptions, NameLookup, NaptrRecord, SrvRecord } from './locate-server.ts';
export { identityHeaders } from './outgoing-identity.ts';
export type {
  IdentityHeaders,
  IdentityRule,
  OutgoingIdentity,
  PassedOn,
  PassedOnReason,
} from './outgoing-identity.ts';
