/** 在席・外出・会議・休み */
export const PRESENCE_STATES = ['in', 'out', 'meeting', 'off'] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];

/** Where a contact is, as the subscriber has told us. */
export type Presence = {
  state: PresenceState;
  /** UTC ms; null: until we are told otherwise. */
  until: number | null;
};

/** What is known at `now`: what was told for a time that is over says nothing any more. */
export function presenceAt(told: Presence | null, now: number): Presence | null {
  return told === null || (told.until !== null && told.until <= now) ? null : told;
}
