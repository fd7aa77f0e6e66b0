import { betterAuth } from 'better-auth';
import type { Auth as BetterAuth, BetterAuthOptions } from 'better-auth';

/** A `pg` Pool, as far as it must be known here. better-auth's tables come with migrations. */
export interface AuthDatabase {
  connect(): Promise<object>;
  end(): Promise<void>;
  options: object;
}

export type AuthSettings = {
  database: AuthDatabase;
  /** Signs session cookies. */
  secret: string;
  /** `https://…` makes the cookie Secure. */
  publicUrl: string;
};

const DAY = 24 * 60 * 60;
/** A session not used for so long is over. */
const SESSION_SECONDS = 14 * DAY;

function authOptions(settings: AuthSettings) {
  return {
    appName: 'Denwaban',
    database: settings.database,
    secret: settings.secret,
    baseURL: settings.publicUrl,
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 10,
      maxPasswordLength: 200,
    },
    user: {
      additionalFields: {
        role: { type: 'string', required: true, input: false },
        subscriberId: { type: 'string', required: false, input: false },
        operatorId: { type: 'string', required: false, input: false },
        disabled: { type: 'boolean', required: true, input: false, defaultValue: false },
      },
    },
    session: { expiresIn: SESSION_SECONDS, updateAge: DAY },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    advanced: {
      cookiePrefix: 'denwaban',
      useSecureCookies: settings.publicUrl.startsWith('https:'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
    },
  } satisfies BetterAuthOptions;
}

export type Auth = BetterAuth<ReturnType<typeof authOptions>>;

/**
 * The password and session engine. Its own HTTP routes are never mounted: our routes call it, so
 * that policies, limits and the audit trail are ours, and nobody signs up by himself.
 */
export function createAuth(settings: AuthSettings): Auth {
  return betterAuth(authOptions(settings));
}
