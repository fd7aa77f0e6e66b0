import { createSocket } from 'node:dgram';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Programs of other people that suites talk to, with the Debian package of each. */
export const PEERS = {
  chromium: { package: 'chromium', suites: 'the console, the portal and browser calls' },
  fonts: { package: 'fonts-noto-cjk', suites: 'Japanese text on screen' },
  sipp: { package: 'sip-tester', suites: 'calls from a SIP trunk' },
  baresip: { package: 'baresip', suites: 'calls with a registered SIP phone' },
  linphone: { package: 'linphone-cli', suites: 'calls with a SIP phone of another make' },
  kamailio: { package: 'kamailio', suites: 'a carrier that has us register' },
  postgresql: { package: 'postgresql', suites: 'the database as a separate server' },
  tmpfs: { package: 'mount', suites: 'a full disk (needs root too)' },
  netns: { package: 'iproute2', suites: 'addresses other than loopback (needs root too)' },
} as const;

export type Peer = keyof typeof PEERS;

/**
 * Whether a peer is here: `test.skipIf(!has('sipp'))`. `DENWABAN_TEST_WITHOUT=chromium,sipp`
 * leaves peers out on purpose.
 */
export function has(peer: Peer): boolean {
  return !isUnwanted(peer) && isInstalled(peer);
}

/** Left out on purpose: nothing is installed for it. */
export function isUnwanted(peer: Peer): boolean {
  return (process.env['DENWABAN_TEST_WITHOUT'] ?? '').split(',').includes(peer);
}

function isInstalled(peer: Peer): boolean {
  switch (peer) {
    case 'fonts':
      return ['/usr/share/fonts/opentype/noto', '/usr/share/fonts/noto-cjk'].some(existsSync);
    case 'postgresql':
      return serverDirs().some((dir) => isProgram(join(dir, 'postgres')));
    case 'linphone':
      return onPath('linphonec');
    case 'kamailio':
      return onPath(peer) || isProgram('/usr/sbin/kamailio');
    case 'tmpfs':
      return process.getuid?.() === 0 && onPath('mount') && mayMount();
    case 'netns':
      return process.getuid?.() === 0 && onPath('ip') && mayMakeNamespaces();
    default:
      return onPath(peer);
  }
}

/** Root in a container may not be allowed to: only trying tells. */
function mayMakeNamespaces(): boolean {
  const name = `denwaban-probe-${process.pid}`;
  const ip = (...words: string[]): boolean => spawnSync('ip', words).status === 0;
  const made = ip('netns', 'add', name) && ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('netns', 'delete', name);
  return made;
}

function mayMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'denwaban-probe-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]).status === 0;
  if (mounted) spawnSync('umount', [dir]);
  rmSync(dir, { recursive: true, force: true });
  return mounted;
}

/** Debian keeps each major version's programs in a folder of its own, off the PATH. */
function serverDirs(): string[] {
  const parent = '/usr/lib/postgresql';
  const versions = existsSync(parent) ? readdirSync(parent) : [];
  return [...versions.map((version) => join(parent, version, 'bin')), ...pathDirs()];
}

function onPath(program: string): boolean {
  return pathDirs().some((dir) => isProgram(join(dir, program)));
}

function pathDirs(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A number that no UDP socket on loopback has. */
export function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
