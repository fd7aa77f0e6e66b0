export type { CalledParty, CallerIdentity, RecognisedBy, WithheldReason } from './called-party.ts';
export type { CenterSettings, Contact, Did, Directory, Subscriber, Trunk } from './ports.ts';
export { identifyCaller } from './identify-caller.ts';
export type { CallerCandidates } from './identify-caller.ts';
export { readNumber, userPartOf } from './phone-number.ts';
export type { NumberPlan } from './phone-number.ts';
export { recogniseBrowserCall, recogniseCalled } from './recognise-called.ts';
export type { CalledCandidates, DidDirectory } from './recognise-called.ts';
