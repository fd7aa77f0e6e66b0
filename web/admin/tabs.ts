/** The areas of the administration that have an address of their own; the floor is the first. */
const TABS = ['subscribers', 'trunks', 'users'] as const;
export type AdminTab = (typeof TABS)[number];

/** Which of them a text names; null for the floor and for nothing known. */
export function adminTabOf(text: unknown): AdminTab | null {
  return TABS.find((tab) => tab === text) ?? null;
}
