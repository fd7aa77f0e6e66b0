import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, say } from './fault.mjs';
import { assertWritable } from './install.mjs';
import { withLock } from './lock.mjs';
import { endLike, run } from './run.mjs';

/** What the pages are made of. */
const SOURCES = ['web', 'src/contract', 'package-lock.json', 'vite.config.ts'];

/** Builds the web pages into dist/web, unless they were built from exactly these sources. */
export async function ensureWebBuilt(root, node) {
  const configDir = ['.', 'web'].find((dir) => existsSync(join(root, dir, 'vite.config.ts')));
  if (configDir === undefined) return;
  const hash = hashOfSources(root);
  if (isBuilt(root, hash)) return;
  assertWritable(root);
  const onWait = () => say('Denwaban: another start is building the pages; waiting for it …');
  await withLock(join(root, '.denwaban', 'web.lock'), onWait, async (hold) => {
    if (isBuilt(root, hash)) return;
    say('Denwaban: building the web pages (only when they changed) …');
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
    const result = await run(node, [vite, 'build'], {
      cwd: join(root, configDir),
      quiet: true,
      env: { ...process.env, NODE_ENV: 'production' },
      onStart: hold,
    });
    const ended = result.signal ?? result.asked;
    if (ended !== null) endLike({ code: null, signal: ended });
    if (result.code !== 0) throw buildFault(result.output);
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(stampPath(root), hash);
  });
}

function isBuilt(root, hash) {
  try {
    return existsSync(join(root, 'dist/web')) && readFileSync(stampPath(root), 'utf8') === hash;
  } catch {
    return false;
  }
}

function stampPath(root) {
  return join(root, 'dist', '.web-stamp');
}

function hashOfSources(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) addTo(hash, root, source);
  return hash.digest('hex');
}

function addTo(hash, root, path) {
  const full = join(root, path);
  if (!existsSync(full)) return;
  const entries = listing(full);
  if (entries === undefined) {
    hash.update(`${path}\0`).update(readFileSync(full));
    return;
  }
  for (const name of entries.sort()) addTo(hash, root, `${path}/${name}`);
}

/** The names in a folder; undefined for a file. */
function listing(path) {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

function buildFault(output) {
  if (/ENOSPC|EDQUOT/.test(output)) {
    return new Fault('The web pages do not fit on the disk: make room and try again.');
  }
  const tail = output.trim().split('\n').slice(-15).join('\n');
  return new Fault(`The web pages could not be built. The builder says:\n${tail}`);
}
