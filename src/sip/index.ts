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
export { contactOf, sdpOf, sipCallIdOf, toOf } from './message.ts';
export type { CSeq, SipMessage, SipRequest, SipResponse } from './message.ts';
export { encodeUtf8 } from './name-address.ts';
export type { NameAddress } from './name-address.ts';
export { parseMessage } from './parse-message.ts';
export type { ParseIssue, ParseResult } from './parse-message.ts';
export type { ResponseOptions } from './response.ts';
export {
  endsSubscription,
  formatReferTo,
  parseReferTo,
  referEventOf,
  referNotify,
  sipfragStatus,
  wantsNoSubscription,
} from './refer.ts';
export type { ReferTarget } from './refer.ts';
export type { TimerValues } from './timers.ts';
export { samePeer } from './transport.ts';
export type { Address, Destination, Peer, SipTransport, TransportProtocol } from './transport.ts';
export { decodeUser, encodeUser, formatUri, parseUri } from './uri.ts';
export type { SipUri, TelUri, Uri } from './uri.ts';
export { authorizeRegister, processRegister } from './registrar.ts';
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
