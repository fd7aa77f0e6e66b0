import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../base/index.ts';
import { newSecret } from './api-token.ts';

/**
 * A key of this installation, in a file of its own in the data folder (0600), made at the first
 * start. `session-secret` signs session cookies: losing it only signs everybody out. `trunk-key`
 * seals passwords at carriers: losing it means to apply them again.
 */
export async function loadSecretFile(
  dataDir: string,
  name: 'session-secret' | 'trunk-key',
  random: Random,
): Promise<string> {
  const path = join(dataDir, name);
  const draft = `${path}.${newSecret(random).slice(0, 8)}`;
  await mkdir(dataDir, { recursive: true });
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await writeFile(draft, `${newSecret(random)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  // A link never replaces: of two starts at once, both end with the first one's secret.
  await link(draft, path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return (await readFile(path, 'utf8')).trim();
}
