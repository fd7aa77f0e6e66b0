const DIGIT_NAMES = ['ゼロ', 'イチ', 'ニ', 'サン', 'ヨン', 'ゴ', 'ロク', 'ナナ', 'ハチ', 'キュウ'];
const GROUPS: { start: RegExp; length: number; sizes: number[] }[] = [
  { start: /^(0120|0800|0570)/, length: 10, sizes: [4, 3, 3] },
  { start: /^0[5-9]0/, length: 11, sizes: [3, 4, 4] },
  { start: /^0[36]/, length: 10, sizes: [2, 4, 4] },
  { start: /^0/, length: 10, sizes: [3, 3, 4] },
];

/** 全角 digits and every kind of hyphen as plain ones; anything else but digits is left out. */
export function plainNumber(typed: string): string {
  return typed
    .normalize('NFKC')
    .replace(/[‐-―−ー－]/gu, '-')
    .replace(/[^0-9+-]/gu, '')
    .replace(/^-+|-+$|(?<=-)-+/g, '');
}

/** The groups a person says a number in: as typed with hyphens, else as such numbers are written. */
export function spokenGroups(typed: string): string[] {
  const plain = plainNumber(typed);
  if (plain.includes('-')) return plain.split('-').filter((group) => group !== '');
  const rule = GROUPS.find(({ start, length }) => start.test(plain) && plain.length === length);
  if (rule === undefined) return plain === '' ? [] : [plain];
  let from = 0;
  return rule.sizes.map((size) => plain.slice(from, (from += size)));
}

/** 復唱: `ゼロサン、ゼロイチニサン、ヨンゴロクナナ`; null while there is no number to read yet. */
export function readBack(typed: string): string | null {
  const groups = spokenGroups(typed);
  if (groups.join('').replace(/\D/g, '').length < 9) return null;
  return groups
    .map((group) => Array.from(group, (digit) => DIGIT_NAMES[Number(digit)] ?? '').join(''))
    .filter((words) => words !== '')
    .join('、');
}
