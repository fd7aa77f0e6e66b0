import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { AppError } from '../base/index.ts';
import { applyResultSchema, centerSpecSchema } from '../contract/index.ts';
import { Refused } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { faultLine, readCenter } from './read-center.ts';
import type { Terminal } from './terminal.ts';

/** `apply FILE`: true when the file was applied. */
export async function apply(path: string, client: ApiClient, terminal: Terminal): Promise<boolean> {
  const name = basename(path);
  const center = readCenter(await readText(path), name);
  if (!center.ok) {
    sayFaults(center.problems, terminal);
    return false;
  }
  try {
    const result = await client.json(applyResultSchema, 'POST', '/api/v1/apply', center.spec);
    for (const what of result.created) terminal.out(`  created  ${what}`);
    for (const what of result.changed) terminal.out(`  changed  ${what}`);
    for (const what of result.warnings) terminal.error(`  warning  ${what}`);
    const { created, changed, unchanged } = result;
    const counts = `${created.length} created, ${changed.length} changed, ${unchanged} unchanged`;
    terminal.out(`${name} applied: ${counts}.`);
    return true;
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.issues === undefined) throw error;
    const faults = error.problem.issues.map((issue) => center.locate(issue.path, issue.message));
    sayFaults(
      faults.map((fault) => faultLine(fault, name)),
      terminal,
    );
    return false;
  }
}

function sayFaults(problems: readonly string[], terminal: Terminal): void {
  for (const problem of problems) terminal.error(problem);
  terminal.error('Nothing was changed. Correct the places named and apply the file again.');
}

/** `export [FILE]` */
export async function exportCenter(
  path: string | undefined,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const spec = await client.json(centerSpecSchema, 'GET', '/api/v1/export');
  const text = stringify(spec, { lineWidth: 0 });
  if (path === undefined) {
    terminal.out(text.trimEnd());
    return;
  }
  await writeFile(path, text, { mode: 0o600 });
  terminal.out(`The office is in ${path}, without accounts and passwords.`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('cli.file-unreadable', `${path} cannot be read (${code ?? ''}).`, { cause });
  }
}
