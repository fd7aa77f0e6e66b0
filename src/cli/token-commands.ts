import { AppError } from '../base/index.ts';
import { apiTokensSchema, createdApiTokenSchema } from '../contract/index.ts';
import type { ApiTokenView } from '../contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { findOperatorId, findSubscriberId, readRole } from './people-commands.ts';
import type { Terminal } from './terminal.ts';

const DEFAULT_DAYS = 365;

export async function listTokens(client: ApiClient, terminal: Terminal): Promise<void> {
  const { tokens } = await client.json(apiTokensSchema, 'GET', '/api/v1/tokens');
  if (tokens.length === 0) terminal.out('No tokens. "token create NAME --role R" makes one.');
  for (const token of tokens) {
    terminal.out(`${token.id}  ${token.role.padEnd(14)} ${token.name}  (${lifeOf(token)})`);
  }
}

function lifeOf({ expiresAt, lastUsedAt }: ApiTokenView): string {
  const day = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
  const end = expiresAt === null ? 'no end' : `until ${day(expiresAt)}`;
  return `${end}, ${lastUsedAt === null ? 'never used' : `last used ${day(lastUsedAt)}`}`;
}

export type NewTokenOptions = {
  name: string;
  role?: string | undefined;
  /** Names or ids. */
  subscriber?: string | undefined;
  operator?: string | undefined;
  /** `never`, or a number of days. */
  days?: string | undefined;
};

export async function createToken(
  options: NewTokenOptions,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const { days = String(DEFAULT_DAYS) } = options;
  if (days !== 'never' && !/^\d{1,4}$/.test(days)) {
    throw new AppError('cli.usage', '--days must be a number of days, or never.');
  }
  const { secret, name, role } = await client.json(
    createdApiTokenSchema,
    'POST',
    '/api/v1/tokens',
    {
      name: options.name,
      role: readRole(options.role),
      subscriberId: await findSubscriberId(options.subscriber, client),
      operatorId: await findOperatorId(options.operator, client),
      expiresInDays: days === 'never' ? null : Number(days),
    },
  );
  terminal.out(`"${name}" may do what a ${role} may do. Its token, shown this once:`);
  terminal.out(secret);
}

/** By id, or by a name that only one has. */
export async function revokeToken(
  named: string,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const { tokens } = await client.json(apiTokensSchema, 'GET', '/api/v1/tokens');
  const found = tokens.filter(({ id, name }) => id === named || name === named);
  const [token] = found;
  if (token === undefined) {
    throw new AppError('cli.usage', `There is no token "${named}". "token list" shows them.`);
  }
  if (found.length > 1) {
    throw new AppError('cli.usage', `There are ${found.length} tokens "${named}": say the id.`);
  }
  await client.remove(`/api/v1/tokens/${token.id}`);
  terminal.out(`"${token.name}" has ended.`);
}
