import { createReadStream, createWriteStream } from 'node:fs';
import { access, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AppError, toZoned } from '../base/index.ts';
import { restoreResultSchema } from '../contract/index.ts';
import type { ApiClient } from './api-client.ts';
import type { Terminal } from './terminal.ts';

/** `backup [FILE]`: the file is there whole, or not at all. */
export async function backup(
  named: string | undefined,
  timeZone: string,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const path = named ?? `denwaban-${stamp(timeZone)}.backup`;
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) throw new AppError('cli.file-exists', `${path} is there already: name another file.`);
  const part = `${path}.part`;
  try {
    const bytes = await client.download('/api/v1/backup');
    await pipeline(bytes, createWriteStream(part, { mode: 0o600, flush: true }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  const { size } = await stat(path);
  terminal.out(`The database is in ${path} (${Math.ceil(size / 1024)} KiB).`);
  terminal.out('Recordings are not in it: copy the recordings folder of the data folder as well.');
}

export async function restore(
  path: string,
  replace: boolean,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  await access(path).catch(() => {
    throw new AppError('cli.file-unreadable', `${path} cannot be read.`);
  });
  const url = `/api/v1/restore${replace ? '?replace=true' : ''}`;
  const { tables, rows } = await client.upload(restoreResultSchema, url, createReadStream(path));
  terminal.out(`${path} is restored: ${rows} rows in ${tables} tables.`);
  terminal.out('Restart Denwaban, so that every part of it begins with the restored state.');
}

function stamp(timeZone: string): string {
  const at = toZoned(Date.now(), timeZone);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.year}${two(at.month)}${two(at.day)}`;
  return `${day}-${two(at.hour)}${two(at.minute)}${two(at.second)}`;
}
