export type { CalledParty, CallerIdentity, RecognisedBy, WithheldReason } from './called-party.ts';
export type { CenterSettings, Contact, Did, Directory, Subscriber, Trunk } from './ports.ts';
