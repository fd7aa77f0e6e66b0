import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../base/index.ts';
import { parseConfig } from './config.ts';
import type { Config } from './config.ts';
import { parseInternal } from './internal.ts';
import type { Internal } from './internal.ts';
import { VARIABLES } from './variables.ts';

type Env = Record<string, string | undefined>;

/** Names with our prefix that are not settings of an installation. */
const RESERVED = ['DENWABAN_ENV_FILE', 'DENWABAN_INTERNAL'];
/** Read by our tests, and inherited by the programs they start. */
const TEST_PREFIX = 'DENWABAN_TEST_';

/**
 * Reads the settings from the environment and, where present, from the file named by
 * `DENWABAN_ENV_FILE` (else `./.env`); the environment wins.
 * Throws `AppError('config.invalid')` whose message holds one sentence per fault.
 */
export function loadConfig(env: Env = process.env, cwd: string = process.cwd()): Config {
  const merged = { ...readEnvFile(env, cwd), ...ours(env) };
  const problems = unknownNames(merged);
  const parsed = parseConfig(merged, { cwd, isRoot: process.getuid?.() === 0 });
  if (!parsed.ok) problems.push(...parsed.problems);
  if (!parsed.ok || problems.length > 0) {
    throw new AppError('config.invalid', problems.join('\n'));
  }
  return parsed.config;
}

/** What the keeper handed to this process; `undefined` when it was started without a keeper. */
export function readInternal(env: Env = process.env): Internal | undefined {
  const text = env['DENWABAN_INTERNAL'];
  return text === undefined ? undefined : parseInternal(text);
}

/** The environment for a child process: ours with these variables set (`undefined` removes one). */
export function childEnv(changes: Env): Env {
  const env: Env = { ...process.env, ...changes };
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) Reflect.deleteProperty(env, name);
  }
  return env;
}

/** The runtime folder of the signed-in user (systemd makes it 0700), when there is one. */
export function userRuntimeDir(): string | undefined {
  return process.env['XDG_RUNTIME_DIR'];
}

function ours(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('DENWABAN_')));
}

function readEnvFile(env: Env, cwd: string): Env {
  const named = env['DENWABAN_ENV_FILE'];
  const path = resolve(cwd, named ?? '.env');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new AppError('config.invalid', `The settings file ${path} cannot be read (${reason}).`);
  }
  return ours(parseEnvFile(text));
}

/** `NAME=value` per line, `#` comments, optional `export` and one pair of quotes. */
export function parseEnvFile(text: string): Env {
  const values: Env = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    const [, name, raw] = match ?? [];
    if (name === undefined || raw === undefined) continue;
    const quoted = /^(["'])(.*)\1$/.exec(raw);
    values[name] = quoted?.[2] ?? raw.replace(/(^|\s)#.*$/, '').trimEnd();
  }
  return values;
}

function unknownNames(env: Env): string[] {
  const known = [...Object.keys(VARIABLES), ...RESERVED];
  return Object.keys(env)
    .filter((name) => !known.includes(name) && !name.startsWith(TEST_PREFIX))
    .map((name) => `${name} is not a setting of Denwaban; did you mean ${nearest(name, known)}?`);
}

function nearest(name: string, known: string[]): string {
  return known.reduce((best, next) => (distance(name, next) < distance(name, best) ? next : best));
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
