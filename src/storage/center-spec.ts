import type { CenterSettings, OutboundRules, RelayRules, Trunk } from '../subscribers/index.ts';
import type { MailRoute } from '../delivery/index.ts';

/** A whole office as declared, checked for its form; contract's `CenterSpec` fits. */
export type CenterSpec = {
  version: 1;
  name: string;
  catchAll?: CenterSettings['catchAll'] | undefined;
  settings?:
    | {
        ringNoAnswerSeconds?: number | undefined;
        maxWaitSeconds?: number | undefined;
        wrapUpSeconds?: number | undefined;
        outbound?: OutboundRules | undefined;
      }
    | undefined;
  trunks: TrunkSpec[];
  subscribers: SubscriberSpec[];
  operators: OperatorSpec[];
};

export type TrunkSpec = {
  id: string;
  name: string;
  addresses: string[];
  mediaNetworks: string[];
  dialedNumberFrom: Trunk['dialedNumberFrom'];
  trustAssertedIdentity: boolean;
  register?: RegisterSpec | undefined;
  outbound?: OutboundSpec | undefined;
  probeSeconds?: number | undefined;
  maxCalls?: number | undefined;
};

type RegisterSpec = {
  registrars: string[];
  username: string;
  domain?: string | undefined;
  authUser?: string | undefined;
  password?: string | undefined;
  transport: 'udp' | 'tcp';
  expiresSeconds: number;
};

export type OutboundSpec = {
  host?: string | undefined;
  port?: number | undefined;
  transport: 'udp' | 'tcp';
  priority: number;
  callerId: {
    domain?: string | undefined;
    format: 'national' | 'e164';
    from: 'number' | 'account';
    assertedIdentity: boolean;
    privacy: boolean;
    diversion: boolean;
    fallbackNumber?: string | undefined;
  };
};

type ContactSpec = {
  id: string;
  name: string;
  kana: string;
  title: string;
  phone: string | null;
  email: string | null;
};

export type SubscriberSpec = {
  id: string;
  name: string;
  kana: string;
  greeting: string;
  greetingKana: string;
  note: string;
  timeZone: string;
  relay: RelayRules;
  numbers: { number: string; label: string }[];
  contacts: ContactSpec[];
  mailRoutes: { to: string[]; when: MailRoute['when'] }[];
  /** Accounts are made by `people`; storage leaves them alone. */
  members: { email: string; name: string; initialPassword?: string | undefined }[];
};

export type OperatorSpec = {
  id: string;
  name: string;
  device:
    | { kind: 'browser' }
    | {
        kind: 'sip';
        username?: string | undefined;
        password?: string | undefined;
        uri?: string | undefined;
        autoAnswer?: boolean | undefined;
        available: boolean;
      }
    | { kind: 'number'; number: string; available: boolean };
  email?: string | undefined;
  initialPassword?: string | undefined;
  role: 'operator' | 'supervisor' | 'administrator';
};

/** `path` leads into the file: `subscribers.0.mailRoutes.1.to.0`. */
export type CenterIssue = { path: string; message: string };

export type ApplyOutcome =
  | {
      ok: true;
      result: { created: string[]; changed: string[]; unchanged: number; warnings: string[] };
    }
  | { ok: false; issues: CenterIssue[] };
