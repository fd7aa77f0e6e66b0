import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PEERS } from './harness/peers.ts';

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));

/** A part that without its peer has nothing to do. */
function runWithoutPeers(env: Record<string, string>): { code: number | null; lines: string[] } {
  const without = Object.keys(PEERS).join(',');
  const { status, stdout } = spawnSync(process.execPath, [RUN, '--only', 'database-server'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], DENWABAN_TEST_WITHOUT: without, ...env },
  });
  return { code: status, lines: stdout.trim().split('\n') };
}

it('npm test says at its begin and at its end what it left out for want of a peer', () => {
  const { lines } = runWithoutPeers({});
  const left = lines.filter((line) => line.startsWith('!! LEFT OUT: '));
  expect(left).toHaveLength(2 * Object.keys(PEERS).length);
  expect(left).toContain('!! LEFT OUT: calls from a SIP trunk — no sipp (package sip-tester)');
  expect(lines.at(-1)).toBe('0 passed, 0 failed');
});

it('with CI=true each missing peer is a failure', () => {
  const { code, lines } = runWithoutPeers({ CI: 'true' });
  expect(lines.filter((line) => line.startsWith('!! MISSING: ')).length).toBeGreaterThan(0);
  expect(lines.at(-1)).toBe(`0 passed, ${Object.keys(PEERS).length} failed`);
  expect(code).toBe(1);
});
