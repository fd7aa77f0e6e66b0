// What `npm test` runs: installs the peers where it may, then every check and every suite, and says
// last, alone on a line, how many passed and failed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PEERS, has, isUnwanted } from './harness/peers.ts';
import type { Peer } from './harness/peers.ts';
import { makeReadyFolder } from './harness/ready-folder.ts';

type Count = { passed: number; failed: number; skipped: number };

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
/** For all of it; a suite that hangs must not hang whoever waits for the last line. */
const BUDGET_MS = 40 * 60_000;
const deadline = AbortSignal.timeout(BUDGET_MS);
/** How often a file of the suites in real time is run again. */
const RUN_AGAIN = 1;
const notes: string[] = [];
/** These measure no time either: one beside the other, no core is idle. */
const NEED_NO_PEERS = ['check', 'unit'];
const NONE: Count = { passed: 0, failed: 0, skipped: 0 };
/** Made for the first suite that starts the product, and handed to all by the environment. */
let readyFolder: Promise<void> | undefined;
let removeReadyFolder: (() => Promise<void>) | undefined;

type Check = readonly [name: string, script: string, ...args: string[]];
const LINT: Check = ['lint', 'eslint/bin/eslint.js', '.'];
/** The other parts of `npm run check`, each one pass or fail like it. */
const CHECKS: readonly Check[] = [
  ['format', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  [
    'walls',
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ...['--config', '.dependency-cruiser.cjs', 'src', 'web', 'test'],
  ],
  ['types', 'typescript/bin/tsc', '-p', 'tsconfig.json'],
  ['types of the pure modules', 'typescript/bin/tsc', '-p', 'tsconfig.core.json'],
  ['types of the pages', 'typescript/bin/tsc', '-p', 'web/tsconfig.json'],
];

/** What runs a second time, on the PostgreSQL of the system. */
const ON_ANY_DATABASE = ['storage-', 'database-server', 'delivery-outbox'];

const PARTS: Record<string, () => Promise<Count>> = {
  check: runChecks,
  // In a zone that is none of the product's: no test and no code may lean on the machine's.
  unit: async () => total(await runSuite('unit', { TZ: 'America/New_York' })),
  integration: () => runInRealTime('integration'),
  'database-server': async () => {
    if (!has('postgresql')) return NONE;
    const env = { DENWABAN_TEST_POSTGRES: 'server' };
    return total(await runSuite('integration', env, ON_ANY_DATABASE));
  },
  e2e: () => runInRealTime('e2e'),
  sound: () => runInRealTime('sound'),
};

async function main(): Promise<number> {
  const { only = [] } = parseArgs({ options: { only: { type: 'string', multiple: true } } }).values;
  const unknown = only.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    console.error(`--only knows ${Object.keys(PARTS).join(', ')}, not ${unknown}.`);
    return 1;
  }
  const parts = Object.entries(PARTS).filter(([name]) => only.length === 0 || only.includes(name));
  const needsPeers = parts.some(([name]) => !NEED_NO_PEERS.includes(name));
  const missing = needsPeers ? await providePeers() : [];
  let all = { ...NONE, failed: process.env['CI'] === 'true' ? missing.length : 0 };
  const together = parts.filter(([name]) => NEED_NO_PEERS.includes(name));
  const alone = parts.filter((part) => !together.includes(part));
  for (const round of [together, ...alone.map((part) => [part])]) {
    if (round.length === 0) continue;
    console.log(`\n── ${round.map(([name]) => name).join(', ')} ──`);
    all = (await Promise.all(round.map(([, run]) => run()))).reduce(sum, all);
  }
  // Once more, where it is read.
  for (const line of [...missing, ...notes]) console.log(line);
  const skipped = all.skipped > 0 ? `, ${all.skipped} skipped` : '';
  console.log(`\n${all.passed} passed, ${all.failed} failed${skipped}`);
  return all.failed > 0 || all.passed === 0 ? 1 : 0;
}

function sum(a: Count, b: Count): Count {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** Installs what is missing where it may; a line about each peer that is missing still. */
async function providePeers(): Promise<string[]> {
  const wanted = missingPeers().filter((peer) => !isUnwanted(peer));
  if (wanted.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const packages = wanted.map((peer) => PEERS[peer].package);
    console.log(`Installing for the tests: ${packages.join(' ')} …`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], env);
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], env);
  }
  const verdict = process.env['CI'] === 'true' ? 'MISSING' : 'LEFT OUT';
  const lines = missingPeers().map((peer) => {
    const { package: name, suites } = PEERS[peer];
    return `!! ${verdict}: ${suites} — no ${peer} (package ${name})`;
  });
  for (const line of lines) console.log(line);
  return lines;
}

function missingPeers(): Peer[] {
  return (Object.keys(PEERS) as Peer[]).filter((peer) => !has(peer));
}

async function runChecks(): Promise<Count> {
  const check = async ([name, script, ...args]: Check): Promise<Count> => {
    const code = await run(process.execPath, [join(MODULES, script), ...args]);
    console.log(`${code === 0 ? '✓' : '✗'} ${name}`);
    return code === 0 ? { ...NONE, passed: 1 } : { ...NONE, failed: 1 };
  };
  // Lint takes as long as all of the others and one core of two.
  const lint = check(LINT);
  let count = NONE;
  for (const one of CHECKS) count = sum(count, await check(one));
  return sum(count, await lint);
}

type Report = {
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
};

/** What became of each file, and how many errors belong to none. */
type Suite = { files: Map<string, Count>; loose: number };

/**
 * These run the whole product, most of them in real time beside a browser, and a machine that
 * stalls for a moment shows as a lost block of sound. A file that fails is run again, from the
 * start with a product of its own, and that is said at the end: it is a reason to look, even when green.
 */
async function runInRealTime(project: string): Promise<Count> {
  const suite = await runSuite(project);
  for (let again = 1; again <= RUN_AGAIN; again++) {
    const failed = [...suite.files].flatMap(([name, { failed }]) => (failed > 0 ? [name] : []));
    if (failed.length === 0) break;
    const names = failed.map((name) => relative(ROOT, name));
    notes.push(`!! RUN AGAIN (${again} of ${RUN_AGAIN}): ${names.join(', ')}`);
    console.log(notes.at(-1));
    const next = await runSuite(project, {}, names);
    for (const [name, count] of next.files) suite.files.set(name, count);
    suite.loose += next.loose;
  }
  return total(suite);
}

async function runSuite(
  project: string,
  env: Record<string, string> = {},
  files: readonly string[] = [],
): Promise<Suite> {
  if (!NEED_NO_PEERS.includes(project)) await (readyFolder ??= shareReadyFolder());
  const dir = mkdtempSync(join(tmpdir(), 'denwaban-test-'));
  const file = join(dir, 'report.json');
  try {
    const code = await run(
      process.execPath,
      [
        join(MODULES, 'vitest/vitest.mjs'),
        ...['run', ...files, '--project', project, '--passWithNoTests'],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
      ],
      env,
    );
    return readReport(file, code);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Where it cannot be made, each suite says why. */
async function shareReadyFolder(): Promise<void> {
  removeReadyFolder = await makeReadyFolder().catch(() => undefined);
}

/** A file that could not be loaded and an error outside any test count as failures too. */
function readReport(file: string, code: number): Suite {
  if (!existsSync(file)) return { files: new Map(), loose: code === 0 ? 0 : 1 };
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const files = new Map(
    report.testResults.map(({ name, status, assertionResults }) => {
      const having = (wanted: string): number =>
        assertionResults.filter((result) => result.status === wanted).length;
      const [passed, failures] = [having('passed'), having('failed')];
      const failed = failures === 0 && status === 'failed' ? 1 : failures;
      return [name, { passed, failed, skipped: assertionResults.length - passed - failures }];
    }),
  );
  const isExplained = [...files.values()].some(({ failed }) => failed > 0);
  return { files, loose: code !== 0 && !isExplained ? 1 : 0 };
}

function total({ files, loose }: Suite): Count {
  return [...files.values()].reduce(sum, { ...NONE, failed: loose });
}

/** Runs a program to its end; ours ends with it when we are told to. */
function run(command: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...cleanEnv(), ...env },
      signal: deadline,
    });
    const leave = (signal: NodeJS.Signals): void => {
      child.kill(signal);
      child.once('close', () => {
        void Promise.resolve(removeReadyFolder?.()).finally(() => process.exit(1));
      });
    };
    process.once('SIGINT', leave);
    process.once('SIGTERM', leave);
    const finish = (code: number): void => {
      process.off('SIGINT', leave);
      process.off('SIGTERM', leave);
      resolve(code);
    };
    child.once('error', (error) => {
      console.error(deadline.aborted ? `over the ${BUDGET_MS / 60_000} minutes` : error.message);
      if (!deadline.aborted) finish(1);
    });
    child.once('close', (code) => finish(code ?? 1));
  });
}

/**
 * Without the settings of an installation and a mode that makes React another one; with the Node
 * we run under first, for what tests start by name.
 */
function cleanEnv(): NodeJS.ProcessEnv {
  const ours = (name: string): boolean =>
    (name.startsWith('DENWABAN_') && !name.startsWith('DENWABAN_TEST_')) || name === 'NODE_ENV';
  const others = Object.entries(process.env).filter(([name]) => !ours(name));
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  return { ...Object.fromEntries(others), PATH: path };
}

process.exit(await main().finally(() => removeReadyFolder?.()));
