/** Runs of half-width katakana and their marks (U+FF65–U+FF9F); `ｶﾞ` is two characters. */
export const HALF_WIDTH_KANA = /[\uff65-\uff9f]+/g;

/*
 * Not `normalize('NFKC')` as a whole: it would also rewrite compatibility ideographs, and with them
 * the characters of people's names.
 */

/** Full-width letters, digits and `＆` to ASCII, half-width katakana to full width. */
export function foldLetters(text: string): string {
  return text
    .replace(/[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff06]/g, narrow)
    .replace(HALF_WIDTH_KANA, (run) => run.normalize('NFKC'));
}

/** All full-width ASCII but the wave dash, which stands for "from … to" in times. */
export function foldAscii(text: string): string {
  return foldLetters(text).replace(/[\uff01-\uff5d]/g, narrow);
}

/** Hiragana to katakana: フリガナ is written in one of them. */
export function toKatakana(text: string): string {
  return text.replace(/[\u3041-\u3096]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60));
}

function narrow(wide: string): string {
  return String.fromCharCode(wide.charCodeAt(0) - 0xfee0);
}
