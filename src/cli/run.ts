import { parseArgs } from 'node:util';
import { AppError, toError } from '../base/index.ts';
import type { Clock, Random } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { ApiClient, findServer, Refused } from './api-client.ts';
import { backup, restore } from './backup-commands.ts';
import { apply, exportCenter } from './center-commands.ts';
import { makeCertificate, sayCertificate } from './certificate.ts';
import { examine } from './doctor.ts';
import { createUser, firstAdministrator, listUsers, resetPassword } from './people-commands.ts';
import type { Terminal } from './terminal.ts';
import { testCall } from './call-command.ts';
import { createToken, listTokens, revokeToken } from './token-commands.ts';

export const HELP = `npm run denwaban -- <command>

  apply FILE                    declare trunks, numbers, subscribers, contacts, routes, operators
  export [FILE]                 the office as such a file
  user list                     all accounts
  user create EMAIL             [--name N] [--role R] [--subscriber S] [--operator O] [--password P]
  user reset-password EMAIL     [--password P]; signs the account out everywhere
  token list                    all tokens for programs
  token create NAME             [--role R] [--subscriber S] [--operator O] [--days N|never]
  token revoke NAME|ID          ends it at once
  first-admin                   a new link for the first administrator
  backup [FILE]                 the database as one file
  restore FILE [--replace]      put it back
  certificate NAME…             HTTPS for these host names and addresses
  call [NUMBER]                 a test call by SIP from this machine [--from N] [--seconds N]
  doctor                        what is wrong here, and what to do

apply, export, user, token, first-admin, backup and restore talk to the Denwaban running on this machine,
or to another one: --url https://… --token …`;

const OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  name: { type: 'string' },
  role: { type: 'string' },
  subscriber: { type: 'string' },
  operator: { type: 'string' },
  password: { type: 'string' },
  days: { type: 'string' },
  from: { type: 'string' },
  seconds: { type: 'string' },
  sip: { type: 'string' },
  replace: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What a command has around it. */
export type Surroundings = {
  readConfig: () => Config;
  terminal: Terminal;
  clock: Clock;
  random: Random;
};

type Parsed = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
}

/** Runs one command; its exit code. Every failure is a sentence, never a stack. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  let parsed: Parsed;
  try {
    parsed = parse(args);
  } catch (thrown) {
    terminal.error(`${toError(thrown).message}\n`);
    terminal.error(HELP);
    return 2;
  }
  const [command = 'help'] = parsed.positionals;
  if (command === 'help' || parsed.values.help === true) {
    terminal.out(HELP);
    return 0;
  }
  try {
    return (await execute(parsed, surroundings)) ? 0 : 1;
  } catch (thrown) {
    return sayFailure(thrown, terminal);
  }
}

function sayFailure(thrown: unknown, terminal: Terminal): number {
  if (thrown instanceof Refused) {
    terminal.error(thrown.message);
    for (const { path, message } of thrown.problem.issues ?? []) {
      terminal.error(path === '' ? `  ${message}` : `  ${path}: ${message}`);
    }
    return 1;
  }
  terminal.error(toError(thrown).message);
  return thrown instanceof AppError && thrown.code === 'cli.usage' ? 2 : 1;
}

/** True when the command did what was asked. */
async function execute(
  { positionals, values }: Parsed,
  { readConfig, terminal, clock, random }: Surroundings,
): Promise<boolean> {
  const [command = '', ...rest] = positionals;
  const client = (): ApiClient => new ApiClient(findServer(readConfig(), values));
  switch (command) {
    case 'apply':
      return apply(required(rest[0], 'apply FILE'), client(), terminal);
    case 'export':
      await exportCenter(rest[0], client(), terminal);
      return true;
    case 'user':
      await userCommand(rest, values, { client, terminal });
      return true;
    case 'token':
      await tokenCommand(rest, values, { client, terminal });
      return true;
    case 'first-admin':
      await firstAdministrator(client(), terminal);
      return true;
    case 'backup':
      await backup(rest[0], readConfig().timeZone, client(), terminal);
      return true;
    case 'restore':
      await restore(required(rest[0], 'restore FILE'), values.replace === true, client(), terminal);
      return true;
    case 'certificate':
      return certificate(rest, readConfig(), terminal);
    case 'call':
      return testCall(rest[0], { values, config: readConfig(), client, terminal, clock, random });
    case 'doctor':
      return examine(readConfig(), terminal);
    default:
      throw new AppError('cli.usage', `There is no command "${command}".\n\n${HELP}`);
  }
}

async function userCommand(
  [action = '', email]: string[],
  values: Parsed['values'],
  { client, terminal }: { client: () => ApiClient; terminal: Terminal },
): Promise<void> {
  switch (action) {
    case 'list':
      return listUsers(client(), terminal);
    case 'create': {
      const user = { ...values, email: required(email, 'user create EMAIL') };
      return createUser(user, client(), terminal);
    }
    case 'reset-password': {
      const whose = required(email, 'user reset-password EMAIL');
      return resetPassword(whose, values.password, client(), terminal);
    }
    default:
      throw new AppError(
        'cli.usage',
        'Say: user list, user create EMAIL, user reset-password EMAIL',
      );
  }
}

async function tokenCommand(
  [action = '', name]: string[],
  values: Parsed['values'],
  { client, terminal }: { client: () => ApiClient; terminal: Terminal },
): Promise<void> {
  switch (action) {
    case 'list':
      return listTokens(client(), terminal);
    case 'create': {
      const token = { ...values, name: required(name, 'token create NAME') };
      return createToken(token, client(), terminal);
    }
    case 'revoke':
      return revokeToken(required(name, 'token revoke NAME'), client(), terminal);
    default:
      throw new AppError('cli.usage', 'Say: token list, token create NAME, token revoke NAME');
  }
}

async function certificate(names: string[], config: Config, terminal: Terminal): Promise<boolean> {
  required(names[0], 'certificate NAME…, e.g. certificate denwaban.local 192.168.1.20');
  const paths = await makeCertificate(names, config.data.dir);
  await sayCertificate(names, paths, config.http.port, terminal);
  return true;
}

function required(value: string | undefined, usage: string): string {
  if (value !== undefined && value !== '') return value;
  throw new AppError('cli.usage', `Say: ${usage}`);
}
