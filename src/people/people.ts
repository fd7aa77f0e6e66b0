import { AppError, asId, SignInThrottle } from '../base/index.ts';
import type { ApiTokenId, Clock, OperatorId, Random, SubscriberId, UserId } from '../base/index.ts';
import type { ApiTokens } from './api-token.ts';
import { createAuth } from './auth.ts';
import type { Auth, AuthDatabase } from './auth.ts';
import { FirstAdministratorLink } from './first-administrator.ts';
import type { SetupRefusal } from './first-administrator.ts';
import { NOBODY } from './identity.ts';
import type { Identity, Role, User } from './identity.ts';
import type { ApiToken, NewApiToken, SetupLinkStore } from './ports.ts';

/** The parts of a request that say who asks. */
export type Credentials = {
  cookie?: string | undefined;
  authorization?: string | undefined;
  /** For tokens that are nobody's own: the operator acted for. */
  actAsOperator?: string | undefined;
};

export type NewUser = {
  name: string;
  email: string;
  password: string;
  role: Role;
  subscriberId: SubscriberId | null;
  operatorId: OperatorId | null;
};

export type UserChange = {
  name?: string | undefined;
  role?: Role | undefined;
  disabled?: boolean | undefined;
  password?: string | undefined;
  subscriberId?: SubscriberId | null | undefined;
  operatorId?: OperatorId | null | undefined;
};

/** `setCookies` are whole `Set-Cookie` header values. */
export type SignInOutcome =
  | { ok: true; user: User; setCookies: string[] }
  | { ok: false; reason: 'wrong-password' }
  | { ok: false; reason: 'too-many-tries'; waitMs: number };

export type PeopleOptions = {
  database: AuthDatabase;
  secret: string;
  publicUrl: string;
  tokens: ApiTokens;
  setupLinks: SetupLinkStore;
  clock: Clock;
  random: Random;
};

type AuthUser = {
  id: string;
  name: string;
  email: string;
  createdAt: Date;
  role?: unknown;
  subscriberId?: unknown;
  operatorId?: unknown;
  disabled?: unknown;
};

/** Accounts, sessions, tokens: who is who. */
export class People {
  /** For the API's description. */
  readonly cookieName: string;
  readonly #auth: Auth;
  readonly #tokens: ApiTokens;
  readonly #throttle: SignInThrottle;
  readonly #link: FirstAdministratorLink;
  readonly #endListeners = new Set<(who: UserId | ApiTokenId) => void>();

  constructor(options: PeopleOptions) {
    const secure = options.publicUrl.startsWith('https:');
    this.cookieName = `${secure ? '__Secure-' : ''}denwaban.session_token`;
    this.#auth = createAuth(options);
    this.#tokens = options.tokens;
    this.#throttle = new SignInThrottle(options.clock);
    this.#link = new FirstAdministratorLink(options.setupLinks, options.clock, options.random);
  }

  /** Who sent this request. A broken, ended or disabled session is nobody. */
  async identify(credentials: Credentials): Promise<Identity> {
    if (credentials.authorization !== undefined) {
      return this.#identifyToken(credentials.authorization, credentials.actAsOperator);
    }
    if (credentials.cookie === undefined) return NOBODY;
    const found = await this.#auth.api.getSession({
      headers: new Headers({ cookie: credentials.cookie }),
      query: { disableRefresh: true },
    });
    if (found === null) return NOBODY;
    const user = toUser(found.user);
    if (user.disabled) return NOBODY;
    const { id: userId, name, email, role, subscriberId, operatorId } = user;
    const sessionId = found.session.id;
    return { kind: 'user', userId, sessionId, name, email, role, subscriberId, operatorId };
  }

  async #identifyToken(authorization: string, actAs: string | undefined): Promise<Identity> {
    const recognised = await this.#tokens.recognise(authorization);
    if (recognised === null) return NOBODY;
    const named = actAs === undefined || actAs === '' ? null : asId<OperatorId>(actAs);
    if (recognised.kind === 'fixed') {
      const { name } = recognised;
      const all = { role: 'administrator', subscriberId: null, operatorId: named } as const;
      return { kind: 'token', token: name, name, ...all };
    }
    const { id: token, name, role, subscriberId, operatorId: own } = recognised.token;
    // A token of one operator is nobody else's, whoever is named.
    const operatorId = own === null ? named : named === null || named === own ? own : null;
    return { kind: 'token', token, name, role, subscriberId, operatorId };
  }

  /** Makes a session in use live on; the cookies to send along. */
  async renewSession(cookie: string): Promise<string[]> {
    const answer = await this.#auth.api.getSession({
      headers: new Headers({ cookie }),
      returnHeaders: true,
    });
    return answer.headers.getSetCookie();
  }

  async signIn(request: {
    email: string;
    password: string;
    address: string;
    userAgent: string;
  }): Promise<SignInOutcome> {
    const { email, password, address } = request;
    const waitMs = this.#throttle.waitMs(email, address);
    if (waitMs > 0) return { ok: false, reason: 'too-many-tries', waitMs };
    // Counted before the answer is known: many tries at once count one by one.
    this.#throttle.failed(email, address);
    const known = await this.userByEmail(email);
    try {
      const answer = await this.#auth.api.signInEmail({
        body: { email, password },
        headers: new Headers({ 'user-agent': request.userAgent, 'x-forwarded-for': address }),
        returnHeaders: true,
      });
      if (known === null || known.disabled) {
        await this.#endSessions(asId(answer.response.user.id));
        return { ok: false, reason: 'wrong-password' };
      }
      this.#throttle.takeBack(email, address);
      this.#throttle.succeeded(email, address);
      return { ok: true, user: known, setCookies: answer.headers.getSetCookie() };
    } catch (error) {
      if (isRefusal(error)) return { ok: false, reason: 'wrong-password' };
      throw isDiskFull(error)
        ? new AppError('disk-full', 'No session can be stored.', { retryable: true, cause: error })
        : error;
    }
  }

  /** Ends the session of this cookie; the cookies that erase it. */
  async signOut(cookie: string): Promise<string[]> {
    const identity = await this.identify({ cookie });
    const answer = await this.#auth.api.signOut({
      headers: new Headers({ cookie }),
      returnHeaders: true,
    });
    if (identity.kind === 'user') this.#announceEnd(identity.userId);
    return answer.headers.getSetCookie();
  }

  /** Changes one's own password; every other session of the account ends. */
  async changePassword(
    cookie: string,
    current: string,
    next: string,
  ): Promise<{ ok: true; setCookies: string[] } | { ok: false; reason: 'wrong-password' }> {
    const identity = await this.identify({ cookie });
    try {
      const answer = await this.#auth.api.changePassword({
        body: { currentPassword: current, newPassword: next, revokeOtherSessions: true },
        headers: new Headers({ cookie }),
        returnHeaders: true,
      });
      if (identity.kind === 'user') this.#announceEnd(identity.userId);
      return { ok: true, setCookies: answer.headers.getSetCookie() };
    } catch (error) {
      if (isRefusal(error)) return { ok: false, reason: 'wrong-password' };
      throw error;
    }
  }

  async users(): Promise<User[]> {
    const { internalAdapter } = await this.#auth.$context;
    const sortBy = { field: 'createdAt', direction: 'asc' } as const;
    return (await internalAdapter.listUsers(10_000, 0, sortBy)).map(toUser);
  }

  async user(id: UserId): Promise<User | null> {
    const { internalAdapter } = await this.#auth.$context;
    const found = await internalAdapter.findUserById(id);
    return found === null ? null : toUser(found);
  }

  async userByEmail(email: string): Promise<User | null> {
    const { internalAdapter } = await this.#auth.$context;
    const found = await internalAdapter.findUserByEmail(email.toLowerCase());
    return found === null ? null : toUser(found.user);
  }

  async hasAdministrator(): Promise<boolean> {
    const { internalAdapter } = await this.#auth.$context;
    const where = [
      { field: 'role', value: 'administrator' },
      { field: 'disabled', value: false },
    ];
    return (await internalAdapter.countTotalUsers(where)) > 0;
  }

  /** Throws `AppError('user.email-taken')` and `AppError('user.place-taken')`. */
  async createUser(user: NewUser): Promise<User> {
    const { internalAdapter, password } = await this.#auth.$context;
    const email = user.email.toLowerCase();
    if ((await this.userByEmail(email)) !== null) throw emailTaken();
    const { name, role, subscriberId, operatorId } = user;
    const fields = { name, email, emailVerified: true, role, subscriberId, operatorId };
    const hash = await password.hash(user.password);
    const created = await internalAdapter
      .createUser({ ...fields, disabled: false }, { method: 'email-password' })
      .catch((error: unknown) => {
        throw takenIn(error);
      });
    await this.#setPassword(asId(created.id), hash);
    return toUser(created);
  }

  /**
   * Changes an account; a new password, another role or disabling signs it out everywhere. Who gets another
   * place or subscriber stays signed in, and what is open of the old one ends.
   * Null when there is none. Throws `AppError('user.last-administrator')` and `AppError('user.place-taken')`.
   */
  async updateUser(id: UserId, change: UserChange): Promise<User | null> {
    const known = await this.user(id);
    if (known === null) return null;
    const { internalAdapter, password } = await this.#auth.$context;
    await this.#keepOneAdministrator(known, change);
    const { password: newPassword, ...fields } = change;
    if (newPassword !== undefined) await this.#setPassword(id, await password.hash(newPassword));
    const given = Object.entries<unknown>(fields).filter(([, value]) => value !== undefined);
    if (given.length > 0) {
      await internalAdapter.updateUser(id, Object.fromEntries(given)).catch((error: unknown) => {
        throw takenIn(error);
      });
    }
    const roleChanged = change.role !== undefined && change.role !== known.role;
    if (newPassword !== undefined || change.disabled === true || roleChanged) {
      await this.#endSessions(id);
    }
    if (change.subscriberId !== undefined || change.operatorId !== undefined) {
      this.#announceEnd(id);
    }
    return this.user(id);
  }

  /** Makes a token for a program. Its secret is in the answer and nowhere else. */
  createToken(wanted: NewApiToken): Promise<{ token: ApiToken; secret: string }> {
    return this.#tokens.create(wanted);
  }

  tokens(): Promise<ApiToken[]> {
    return this.#tokens.list();
  }

  /** Ends a token and what it has open; false when there is none. */
  async revokeToken(id: ApiTokenId): Promise<boolean> {
    const revoked = await this.#tokens.revoke(id);
    if (revoked) this.#announceEnd(id);
    return revoked;
  }

  /** A new first-administrator token; null once there is an administrator. */
  async issueSetupToken(): Promise<string | null> {
    return (await this.hasAdministrator()) ? null : this.#link.issue();
  }

  async checkSetupToken(token: string): Promise<SetupRefusal | null> {
    return (await this.hasAdministrator()) ? 'setup-done' : this.#link.check(token);
  }

  async setUp(
    token: string,
    administrator: { name: string; email: string; password: string },
  ): Promise<{ ok: true; user: User } | { ok: false; reason: SetupRefusal }> {
    if (await this.hasAdministrator()) return { ok: false, reason: 'setup-done' };
    if ((await this.userByEmail(administrator.email)) !== null) throw emailTaken();
    const reason = await this.#link.redeem(token);
    if (reason !== null) return { ok: false, reason };
    const place = { role: 'administrator', subscriberId: null, operatorId: null } as const;
    return { ok: true, user: await this.createUser({ ...administrator, ...place }) };
  }

  /** Says whose sessions or which token has ended, so that live connections end with them. */
  onSessionsEnded(listener: (who: UserId | ApiTokenId) => void): () => void {
    this.#endListeners.add(listener);
    return () => void this.#endListeners.delete(listener);
  }

  /** An account whose making was cut short has none yet. */
  async #setPassword(userId: UserId, hash: string): Promise<void> {
    const { internalAdapter } = await this.#auth.$context;
    if ((await internalAdapter.findCredentialAccount(userId)) === null) {
      const credential = { providerId: 'credential', accountId: userId, password: hash };
      await internalAdapter.linkAccount({ userId, ...credential });
    } else await internalAdapter.updatePassword(userId, hash);
  }

  async #endSessions(id: UserId): Promise<void> {
    const { internalAdapter } = await this.#auth.$context;
    await internalAdapter.deleteUserSessions(id);
    this.#announceEnd(id);
  }

  #announceEnd(id: UserId | ApiTokenId): void {
    for (const listener of this.#endListeners) listener(id);
  }

  async #keepOneAdministrator(known: User, change: UserChange): Promise<void> {
    if (known.role !== 'administrator' || known.disabled) return;
    const stays = change.disabled !== true && (change.role ?? known.role) === known.role;
    if (stays) return;
    const others = (await this.users()).some(
      (user) => user.id !== known.id && user.role === 'administrator' && !user.disabled,
    );
    if (others) return;
    throw new AppError('user.last-administrator', 'the last administrator must stay one');
  }
}

function toUser(row: AuthUser): User {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const subscriberId = text(row.subscriberId);
  const operatorId = text(row.operatorId);
  return {
    id: asId(row.id),
    name: row.name,
    email: row.email,
    role: roleOf(row.role),
    subscriberId: subscriberId === null ? null : asId(subscriberId),
    operatorId: operatorId === null ? null : asId(operatorId),
    disabled: row.disabled === true,
    createdAt: row.createdAt.getTime(),
  };
}

/** A role nobody knows is the one that may do least. */
function roleOf(value: unknown): Role {
  const known: readonly Role[] = ['administrator', 'supervisor', 'operator', 'member'];
  return known.find((role) => role === value) ?? 'member';
}

function emailTaken(): AppError {
  return new AppError('user.email-taken', 'an account with this e-mail address exists');
}

/** better-auth refuses by throwing an error with an HTTP status. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode < 500;
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '53100';
}

/** What a unique index of the accounts refused, in our words; anything else as it is. */
function takenIn(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== '23505') return error;
  return 'constraint' in error && error.constraint === 'user_operator'
    ? new AppError('user.place-taken', 'this place on the floor belongs to another account')
    : emailTaken();
}
