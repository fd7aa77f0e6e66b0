/** A reason to stop that is a sentence for people, with what to do about it. */
export class Fault extends Error {}

/** @param {unknown} error */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** One calm line of progress, on standard error: standard output belongs to the program. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}
