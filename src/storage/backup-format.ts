/*
 * A backup is one gzip stream of lines:
 *
 *   #{"denwaban":"backup","format":1,"schema":4,"createdAt":"…"}
 *   #{"table":"subscriber","columns":["id","key",…]}
 *   {"id":"sub_…","key":"aozora",…}                               one line per row
 *   #{"end":"subscriber","rows":3,"sha256":"…"}                    over the table's row lines
 *   …
 *   #{"manifest":[{"table":"subscriber","rows":3,"sha256":"…"},…]}
 *
 * Without its manifest a file is torn. Recordings' sound is in files and is not part of it.
 */
export const BACKUP_FORMAT = 1;

export type BackupHead = { denwaban: 'backup'; format: number; schema: number; createdAt: string };
export type TableDigest = { table: string; rows: number; sha256: string };

export type BackupLine =
  | { type: 'head'; head: BackupHead }
  | { type: 'table'; table: string; columns: string[] }
  | { type: 'row'; json: string }
  | { type: 'end'; digest: TableDigest }
  | { type: 'manifest'; manifest: TableDigest[] };

/** A longer line is no row of ours. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

export function writeHeading(heading: Record<string, unknown>): string {
  return `#${JSON.stringify(heading)}\n`;
}

/** Null for what no backup holds. */
export function readLine(line: string): BackupLine | null {
  if (line.startsWith('{')) return { type: 'row', json: line };
  if (!line.startsWith('#')) return null;
  let heading: unknown;
  try {
    heading = JSON.parse(line.slice(1));
  } catch {
    return null;
  }
  return isObject(heading) ? readHeading(heading) : null;
}

function readHeading(heading: Record<string, unknown>): BackupLine | null {
  const { denwaban, format, schema, createdAt, table, columns, end, rows, sha256, manifest } =
    heading;
  if (denwaban === 'backup') {
    if (typeof format !== 'number' || typeof schema !== 'number') return null;
    const head: BackupHead = { denwaban, format, schema, createdAt: String(createdAt) };
    return { type: 'head', head };
  }
  if (typeof table === 'string' && isTextList(columns)) return { type: 'table', table, columns };
  const digest = readDigest({ table: end, rows, sha256 });
  if (digest) return { type: 'end', digest };
  if (!Array.isArray(manifest)) return null;
  const digests = manifest.map((entry) => (isObject(entry) ? readDigest(entry) : null));
  return digests.every((entry) => entry !== null) ? { type: 'manifest', manifest: digests } : null;
}

function readDigest(entry: Record<string, unknown>): TableDigest | null {
  const { table, rows, sha256 } = entry;
  if (typeof table !== 'string' || typeof rows !== 'number' || typeof sha256 !== 'string') {
    return null;
  }
  return { table, rows, sha256 };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
