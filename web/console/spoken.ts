/** Where a line of what is said may end, besides after 、 and 。; never shown. */
export const MAY_BREAK = '¦';

/** Longer than this a name would not fit a column in one line. */
const KEPT_LENGTH = 14;

export type SpokenPart =
  | { kind: 'text' | 'kept' | 'free'; text: string }
  /** A line may end here. */
  | { kind: 'break' };

/**
 * What is said, in parts for the screen: no line ends inside a word, in a `kept` name or number, nor
 * between it and its particle; `free` text is somebody's own and ends its lines where the browser finds phrases.
 */
export function spokenParts(
  text: string,
  { kept = [], free = [] }: { kept?: readonly string[]; free?: readonly string[] } = {},
): SpokenPart[] {
  const known = [
    ...free.map((one) => ['free', one] as const),
    ...kept.map((one) => [one.length <= KEPT_LENGTH ? 'kept' : 'free', one] as const),
  ].filter(([, one]) => one !== '');
  const parts: SpokenPart[] = [];
  let rest = text;
  while (rest !== '') {
    const first = nearest(rest, known);
    const plain = rest.slice(0, first.at);
    for (const [index, piece] of plain.split(MAY_BREAK).entries()) {
      if (index > 0) parts.push({ kind: 'break' });
      if (piece !== '') parts.push({ kind: 'text', text: piece });
    }
    if (first.text !== '') parts.push({ kind: first.kind, text: first.text });
    rest = rest.slice(first.at + first.text.length);
  }
  return parts;
}

type Found = { at: number; kind: 'kept' | 'free'; text: string };

function nearest(text: string, known: readonly (readonly ['kept' | 'free', string])[]): Found {
  let found: Found = { at: text.length, kind: 'kept', text: '' };
  for (const [kind, one] of known) {
    const at = text.indexOf(one);
    if (at >= 0 && at < found.at) found = { at, kind, text: one };
  }
  return found;
}
