import type { ContactId, E164, SubscriberId, TrunkId } from '../base/index.ts';
import type { OutboundRules } from './outbound-rules.ts';
import type { Presence } from './presence.ts';
import type { RelayRules } from './relay-rules.ts';

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
  relay: RelayRules;
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
  /** As it was told last; `presenceAt` says what it is worth. */
  presence: Presence | null;
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
  /** Null: the carrier knows us by our address alone. */
  register: TrunkRegistration | null;
  /** Null: the trunk only brings calls in. */
  outbound: TrunkOutbound | null;
  /** Between two OPTIONS; null: not probed. */
  probeSeconds: number | null;
  /** Calls out at once over this trunk; null: as many as the office may. */
  maxCalls: number | null;
};

/** Our account at the carrier. Its password is in no type: `TrunkSecrets` of `engine` reads it. */
export type TrunkRegistration = {
  /** SIP URIs, the preferred one first. */
  registrars: string[];
  /** User part of our address there. */
  username: string;
  /** Host part of our address there; null: the host of the first registrar. */
  domain: string | null;
  /** For digest, where it is another than `username`. */
  authUser: string | null;
  transport: 'udp' | 'tcp';
  expiresSeconds: number;
};

/** How calls leave over the trunk, and whose number they show. */
export type TrunkOutbound = {
  /** Null: to the registrar we are registered at. */
  host: string | null;
  port: number | null;
  transport: 'udp' | 'tcp';
  /** Lower is tried first. */
  priority: number;
  callerId: {
    /** Host part of From, of the asserted identity and of the called party; null: `host`. */
    domain: string | null;
    /** How numbers are written: `0301234567` or `+81301234567`. */
    format: 'national' | 'e164';
    /** Carriers that insist on the account in From find the number in P-Asserted-Identity alone. */
    from: 'number' | 'account';
    assertedIdentity: boolean;
    /** RFC 3323: the called party is not to see the number. */
    privacy: boolean;
    /** RFC 5806: tells for whom we ring, where the original caller is known. */
    diversion: boolean;
    /** Shown when the subscriber has no number of its own, and for the office's own calls. */
    fallbackNumber: E164 | null;
  };
};

/** The office's own words and times; what every subscriber has unless it says otherwise. */
export type CenterSettings = {
  name: string;
  catchAll: { greeting: string; greetingKana: string; note: string };
  ringNoAnswerSeconds: number;
  maxWaitSeconds: number;
  wrapUpSeconds: number;
  outbound: OutboundRules;
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
  trunks(): Trunk[];
  settings(): CenterSettings;
  reload(): Promise<void>;
}

/** Where contacts are: written down, and known to the directory once it resolves. */
export interface PresenceBook {
  /** False: the subscriber has no such contact. */
  setPresence(
    subscriberId: SubscriberId,
    contactId: ContactId,
    presence: Presence | null,
  ): Promise<boolean>;
}
