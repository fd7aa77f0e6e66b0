import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installMissingPeers, missingPeers } from './harness/peers.ts';
import type { PeerName } from './harness/peers.ts';

/**
 * `npm test`: sets up what the suites need, runs every one, and ends with `N passed, N failed`.
 * `--only NAME` (checks, unit, integration, e2e, new-york) runs a part.
 */

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');

type Tally = { passed: number; failed: number; skipped: number };
type Stage = { name: string; run: () => Tally };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const CHECKS: [name: string, program: string, args: string[]][] = [
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['lint', 'eslint', ['.']],
  ['walls', 'depcruise', ['--config', '.dependency-cruiser.cjs', 'src', 'web', 'test', 'bench']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['types of the pure modules', 'tsc', ['-p', 'tsconfig.core.json']],
  ['types of the pages', 'tsc', ['-p', 'web/tsconfig.json']],
];

/** The Node we run under comes first: tools find it by name. */
function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  return { ...process.env, NODE_ENV: 'test', ...extra, PATH: path };
}

function checks(): Tally {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, program, args] of CHECKS) {
    const result = spawnSync(join(BIN, program), args, {
      cwd: ROOT,
      env: environment(),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    const isRight = result.status === 0;
    say(`${isRight ? '✓' : '✗'} ${name}`);
    if (!isRight) say(`${result.stdout}${result.stderr}`.slice(-8000));
    tally[isRight ? 'passed' : 'failed']++;
  }
  return tally;
}

type Report = { numPassedTests: number; numFailedTests: number; numPendingTests: number };

function suite(project: string, extra: NodeJS.ProcessEnv = {}): Tally {
  const dir = mkdtempSync(join(tmpdir(), 'denwaban-report-'));
  const file = join(dir, 'report.json');
  try {
    const result = spawnSync(
      join(BIN, 'vitest'),
      [
        'run',
        '--project',
        project,
        '--reporter=default',
        '--reporter=json',
        `--outputFile=${file}`,
      ],
      { cwd: ROOT, env: environment(extra), stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = report;
    // A file that could not be loaded, or an error outside any test, is a failure too.
    const extraFailure = result.status !== 0 && failed === 0 ? 1 : 0;
    return { passed, failed: failed + extraFailure, skipped };
  } catch (error) {
    say(`${project}: no report (${String(error)})`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Where Debian's packages cannot be had, what is left out is said; in CI it is a failure. */
function peers(): Tally {
  installMissingPeers(say);
  const missing = missingPeers();
  if (missing.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const names = missing.map((name: PeerName) => name).join(', ');
  say(`\n!!! NOT INSTALLED: ${names}. The suites that need them are left out. !!!\n`);
  const isCi = process.env['CI'] === 'true';
  return { passed: 0, failed: isCi ? missing.length : 0, skipped: isCi ? 0 : missing.length };
}

const STAGES: Stage[] = [
  { name: 'peers', run: peers },
  { name: 'checks', run: checks },
  { name: 'unit', run: () => suite('unit') },
  { name: 'new-york', run: () => suite('unit', { TZ: 'America/New_York' }) },
  { name: 'integration', run: () => suite('integration') },
  { name: 'e2e', run: () => suite('e2e') },
];

const onlyAt = process.argv.indexOf('--only');
const only = onlyAt < 0 ? null : process.argv[onlyAt + 1];
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
for (const { name, run } of STAGES) {
  if (only !== null && name !== only && name !== 'peers') continue;
  say(`\n── ${name}`);
  const tally = run();
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
