export type { CalledParty, CallerIdentity, RecognisedBy, WithheldReason } from './called-party.ts';
