/** What is needed of a keydown to tell typing from choosing a candidate. */
export type KeyPress = { key: string; isComposing: boolean; keyCode: number };

/**
 * Is this keydown the input method's own? Chrome and Firefox say `isComposing`; Safari ends the
 * composition first and then sends the deciding Enter with code 229 (the UI Events "processed by
 * the IME" code) and `isComposing` false.
 */
export function isImeKey(press: KeyPress): boolean {
  return press.isComposing || press.keyCode === 229;
}

type EnterPress = KeyPress & Pick<KeyboardEvent, 'ctrlKey' | 'altKey' | 'metaKey'>;

/** Enter that means "go on", never "take this candidate", and nothing that a key of the desk means. */
export function isPlainEnter(press: EnterPress): boolean {
  if (press.ctrlKey || press.altKey || press.metaKey) return false;
  return press.key === 'Enter' && !isImeKey(press);
}
