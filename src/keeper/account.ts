import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../base/index.ts';

/** A user of this machine, by number. */
export type Account = { name: string; uid: number; gid: number };

/**
 * The account PostgreSQL runs as. It refuses to run as root, so root lends it another: the owner
 * of the existing cluster, else `postgres`, else `nobody`. An ordinary user runs it as themselves.
 */
export function databaseAccount(clusterDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = readPasswd();
  const owner = ownerOf(clusterDir);
  if (owner !== undefined && owner.uid !== 0) {
    const named = passwd.find(({ uid }) => uid === owner.uid);
    return { name: named?.name ?? String(owner.uid), ...owner };
  }
  const account = ['postgres', 'nobody'].flatMap(
    (name) => passwd.find((entry) => entry.name === name) ?? [],
  )[0];
  if (account) return account;
  throw new AppError(
    'keeper.no-account',
    'PostgreSQL does not run as root, and this machine has no user "postgres" or "nobody": ' +
      'create one, or start Denwaban as an ordinary user.',
  );
}

function readPasswd(): Account[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid = '', gid = '']) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

function ownerOf(dir: string): { uid: number; gid: number } | undefined {
  const stat = statSync(dir, { throwIfNoEntry: false });
  return stat && { uid: stat.uid, gid: stat.gid };
}

/** Throws a sentence with the remedy when this account cannot reach the folder. */
export function assertReachable(dir: string, account: Account): void {
  if (canEnter(dir, account)) return;
  let blocked = dir;
  while (dirname(blocked) !== blocked && !canEnter(dirname(blocked), account)) {
    blocked = dirname(blocked);
  }
  throw new AppError(
    'keeper.folder-unreachable',
    `PostgreSQL runs as the user ${account.name}, who may not enter ${blocked}: set ` +
      'DENWABAN_DATA_DIR to a folder everybody can reach, such as /var/lib/denwaban, or allow ' +
      `passing through with: chmod o+x '${blocked}'`,
  );
}

/** Asks the system itself, so that groups and access lists count. */
function canEnter(dir: string, { uid, gid }: Account): boolean {
  try {
    const options = { uid, gid, cwd: '/', stdio: 'ignore' } as const;
    execFileSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', dir], options);
    return true;
  } catch {
    return false;
  }
}
