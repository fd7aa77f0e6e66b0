/** How a subscriber's callers are relayed; fixed for a call when it arrives. */
export type RelayRules = {
  /** Caller and contact are recorded on when the operator has left. */
  recordRelayed: boolean;
  /** The operator may leave the caller to a contact without asking first. */
  blindTransfer: boolean;
  /** What the operator is when she has connected caller and contact. */
  afterRelay: 'wrap-up' | 'available';
};

export const DEFAULT_RELAY_RULES: RelayRules = {
  recordRelayed: true,
  blindTransfer: true,
  afterRelay: 'wrap-up',
};
