import type { ContactId, E164, SubscriberId, TrunkId } from '../base/index.ts';

/** The customer company that has us answer for it. */
export type Subscriber = {
  id: SubscriberId;
  /** The stable key of the apply file. */
  key: string;
  name: string;
  kana: string;
  /** 名乗り and its reading. */
  greeting: string;
  greetingKana: string;
  note: string;
  timeZone: string;
};

/** A number lent to a subscriber. */
export type Did = { number: E164; subscriberId: SubscriberId; label: string };

/** 担当者: a person of the subscriber who gets reports or relayed calls. */
export type Contact = {
  id: ContactId;
  subscriberId: SubscriberId;
  key: string;
  name: string;
  kana: string;
  title: string;
  phone: E164 | null;
  email: string | null;
};

/** A carrier connection. Calls from its addresses need no registration. */
export type Trunk = {
  id: TrunkId;
  key: string;
  name: string;
  addresses: string[];
  mediaNetworks: string[];
  dialedNumberFrom: 'request-uri' | 'to' | 'p-called-party-id';
  trustAssertedIdentity: boolean;
};

/** The office's own words and times; what every subscriber has unless it says otherwise. */
export type CenterSettings = {
  name: string;
  catchAll: { greeting: string; greetingKana: string; note: string };
  ringNoAnswerSeconds: number;
  maxWaitSeconds: number;
  wrapUpSeconds: number;
};

/**
 * Everything that tells who was called, held in memory: looked up for each INVITE, so it never
 * waits for the database. Reloaded after every change.
 */
export interface Directory {
  subscriber(id: SubscriberId): Subscriber | null;
  subscriberOf(did: E164): SubscriberId | null;
  did(number: E164): Did | null;
  contactsOf(id: SubscriberId): Contact[];
  subscribers(): Subscriber[];
  didsOf(id: SubscriberId): Did[];
  /** The trunk an address belongs to; null for a stranger. */
  trunkOf(address: string): Trunk | null;
  settings(): CenterSettings;
  reload(): Promise<void>;
}
