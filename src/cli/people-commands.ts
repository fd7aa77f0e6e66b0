import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../base/index.ts';
import {
  floorViewSchema,
  roleSchema,
  subscriberViewSchema,
  userViewSchema,
} from '../contract/index.ts';
import type { Role, UserView } from '../contract/index.ts';
import type { ApiClient } from './api-client.ts';
import type { Terminal } from './terminal.ts';

const usersSchema = z.object({ users: z.array(userViewSchema) });
const subscribersSchema = z.object({ subscribers: z.array(subscriberViewSchema) });
const linkSchema = z.object({ url: z.string().nullable() });

export async function listUsers(client: ApiClient, terminal: Terminal): Promise<void> {
  const { users } = await client.json(usersSchema, 'GET', '/api/v1/users');
  if (users.length === 0) terminal.out('No accounts yet. "first-admin" prints the link for one.');
  for (const { email, role, name, disabled } of users) {
    terminal.out(`${role.padEnd(14)} ${email}  ${name}${disabled ? '  (disabled)' : ''}`);
  }
}

export type NewUserOptions = {
  email: string;
  name?: string | undefined;
  role?: string | undefined;
  /** Names or ids. */
  subscriber?: string | undefined;
  operator?: string | undefined;
  password?: string | undefined;
};

export async function createUser(
  options: NewUserOptions,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const password = options.password ?? newPassword();
  const user = await client.json(userViewSchema, 'POST', '/api/v1/users', {
    email: options.email,
    name: options.name ?? options.email.split('@')[0],
    role: readRole(options.role),
    password,
    subscriberId: await findSubscriberId(options.subscriber, client),
    operatorId: await findOperatorId(options.operator, client),
  });
  terminal.out(`${user.email} is now ${user.role}.`);
  if (options.password === undefined) terminal.out(`Password: ${password}`);
}

/** `--role`; an operator unless told. */
export function readRole(given: string | undefined): Role {
  const role = roleSchema.safeParse(given ?? 'operator');
  if (role.success) return role.data;
  throw new AppError('cli.usage', `--role must be one of ${roleSchema.options.join(', ')}.`);
}

/** `--subscriber`: the id of a name or id. */
export async function findSubscriberId(
  named: string | undefined,
  client: ApiClient,
): Promise<string | null> {
  if (named === undefined) return null;
  const { subscribers } = await client.json(subscribersSchema, 'GET', '/api/v1/subscribers');
  return pick(named, subscribers, 'subscriber');
}

/** `--operator`: the id of a name or id. */
export async function findOperatorId(
  named: string | undefined,
  client: ApiClient,
): Promise<string | null> {
  if (named === undefined) return null;
  const { operators } = await client.json(floorViewSchema, 'GET', '/api/v1/floor');
  return pick(named, operators, 'operator');
}

function pick(
  named: string,
  list: readonly { id: string; name: string }[],
  kind: 'subscriber' | 'operator',
): string {
  const found = list.find(({ id, name }) => id === named || name === named);
  if (found !== undefined) return found.id;
  const there = list.map(({ name }) => name).join(', ');
  throw new AppError('cli.usage', `There is no ${kind} "${named}"; there is: ${there || 'none'}.`);
}

export async function resetPassword(
  email: string,
  given: string | undefined,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const user = await userOf(email, client);
  const password = given ?? newPassword();
  await client.json(userViewSchema, 'PATCH', `/api/v1/users/${user.id}`, { password });
  terminal.out(`${user.email} is signed out everywhere.`);
  if (given === undefined) terminal.out(`New password: ${password}`);
}

async function userOf(email: string, client: ApiClient): Promise<UserView> {
  const { users } = await client.json(usersSchema, 'GET', '/api/v1/users');
  const found = users.find((user) => user.email === email.toLowerCase());
  if (found !== undefined) return found;
  throw new AppError('cli.usage', `There is no account ${email}. "user list" shows them.`);
}

export async function firstAdministrator(client: ApiClient, terminal: Terminal): Promise<void> {
  const { url } = await client.json(linkSchema, 'POST', '/api/v1/setup/link');
  if (url === null) {
    terminal.out('There is an administrator already. A lost password: user reset-password EMAIL');
    return;
  }
  terminal.out('Open this link within one hour; it works once, and earlier ones no more:');
  terminal.out(url);
}

/** Four groups of five letters and digits that are not mistaken for each other: 97 bits. */
function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const text = [...randomBytes(20)].map((byte) => letters.charAt(byte % letters.length)).join('');
  return text.match(/.{5}/g)?.join('-') ?? text;
}
