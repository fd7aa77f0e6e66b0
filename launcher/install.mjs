import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Fault, codeOf, say } from './fault.mjs';
import { withLock } from './lock.mjs';
import { endLike, run } from './run.mjs';

/** Explicit, because NODE_ENV=production or an `omit` setting would leave out what we run on. */
const NPM_CI = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];

/** Installs the packages of the lockfile, unless exactly these are installed. */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return;
  assertWritable(root);
  const onWait = () => say('Denwaban: another start is installing here; waiting for it …');
  await withLock(join(root, '.denwaban', 'install.lock'), onWait, async (hold) => {
    if (isInstalled(root)) return;
    say('Denwaban: installing its packages (a minute or two, only when they changed) …');
    const { command, args } = findNpm();
    const result = await run(command, [...args, ...NPM_CI], {
      cwd: root,
      quiet: true,
      onStart: hold,
    }).catch((error) => {
      throw new Fault(`npm cannot be started (${codeOf(error)}): install npm, or put it on PATH.`);
    });
    const ended = result.signal ?? result.asked;
    if (ended !== null) endLike({ code: null, signal: ended });
    if (result.code !== 0) throw npmFault(result.output);
    writeFileSync(stampPath(root), hashOf(root));
  });
}

function isInstalled(root) {
  try {
    return readFileSync(stampPath(root), 'utf8') === hashOf(root);
  } catch {
    return false;
  }
}

function stampPath(root) {
  return join(root, 'node_modules', '.denwaban-stamp');
}

function hashOf(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** Says in a sentence when this user cannot write to the clone. */
export function assertWritable(root) {
  try {
    accessSync(root, constants.W_OK);
    if (existsSync(join(root, 'node_modules'))) {
      accessSync(join(root, 'node_modules'), constants.W_OK);
    }
  } catch (error) {
    if (codeOf(error) === 'EROFS') {
      throw new Fault(
        `${root} is on a read-only disk, and packages or pages have to be made there: copy the ` +
          'folder to a writable place and start it there.',
      );
    }
    throw new Fault(
      `The user ${userInfo().username} may not write in ${root}, and packages or pages have to be ` +
        'made there: start once as the owner of that folder, or give it to this user (chown -R).',
    );
  }
}

/** The npm that started us, else the one beside this Node, else the one on PATH. */
function findNpm() {
  const started = process.env.npm_execpath ?? '';
  const beside = join(dirname(process.execPath), '..', 'lib/node_modules/npm/bin/npm-cli.js');
  for (const path of [started, beside]) {
    if (path.endsWith('npm-cli.js') && existsSync(path)) {
      return { command: process.execPath, args: [path] };
    }
  }
  return { command: 'npm', args: [] };
}

const NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/;

function npmFault(output) {
  if (/ENOSPC|EDQUOT/.test(output)) {
    return new Fault(
      'The packages do not fit on the disk: make room (about 600 MB) and try again.',
    );
  }
  if (/EROFS/.test(output)) {
    return new Fault('The packages cannot be written, the disk is read-only: use a writable copy.');
  }
  if (/EACCES|EPERM/.test(output)) {
    return new Fault(
      'The packages cannot be written: some files belong to another user. Give the folder (and ' +
        '~/.npm) to this user with chown -R, and try again.',
    );
  }
  if (NETWORK.test(output)) {
    return new Fault(
      'The packages cannot be downloaded: no connection to the npm registry. Check the network (or ' +
        'the proxy: npm config get proxy) and try again; it goes on from where it is.',
    );
  }
  const tail = output.trim().split('\n').slice(-15).join('\n');
  return new Fault(`npm could not install the packages. It says:\n${tail}`);
}
