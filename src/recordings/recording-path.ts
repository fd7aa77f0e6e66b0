import { isAbsolute, relative, resolve } from 'node:path';

/** The file of a recording. Null when its path would lead out of the recordings folder. */
export function recordingFile(folder: string, path: string): string | null {
  if (path === '' || path.includes('\0') || isAbsolute(path)) return null;
  const file = resolve(folder, path);
  const inside = relative(resolve(folder), file);
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? null : file;
}
