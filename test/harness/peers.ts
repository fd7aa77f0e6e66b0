import { spawnSync } from 'node:child_process';
import type { SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Programs nobody here wrote that suites need, and the Debian packages that bring them. */
export const PEERS = {
  chromium: { program: '/usr/bin/chromium', packages: ['chromium', 'fonts-noto-cjk'] },
  sipp: { program: '/usr/bin/sipp', packages: ['sip-tester'] },
  baresip: { program: '/usr/bin/baresip', packages: ['baresip'] },
  postgresql: { program: '/usr/lib/postgresql', packages: ['postgresql'] },
  iproute2: { program: '/usr/sbin/ip', packages: ['iproute2'] },
} as const;

export type PeerName = keyof typeof PEERS;

export function hasPeer(name: PeerName): boolean {
  return existsSync(PEERS[name].program);
}

export function missingPeers(): PeerName[] {
  return (Object.keys(PEERS) as PeerName[]).filter((name) => !hasPeer(name));
}

/** Debian and Ubuntu as root: installs what is missing. Elsewhere nothing. */
export function installMissingPeers(say: (line: string) => void): void {
  const missing = missingPeers();
  if (missing.length === 0 || !isDebian() || process.getuid?.() !== 0) return;
  const packages = missing.flatMap((name) => PEERS[name].packages);
  say(`Installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options: SpawnSyncOptionsWithStringEncoding = { env, stdio: 'pipe', encoding: 'utf8' };
  spawnSync('apt-get', ['update', '-qq'], options);
  const result = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    options,
  );
  if (result.status !== 0) say(result.stderr.slice(-2000));
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
