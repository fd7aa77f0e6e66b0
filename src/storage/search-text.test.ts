import { describe, expect, it } from 'vitest';
import { foldForSearch, likePattern } from './search-text.ts';

describe('folding', () => {
  it.each([
    ['ｻﾄｳ', 'さとう'],
    ['サトウ', 'さとう'],
    ['ヴァイオリン', 'ゔぁいおりん'],
    ['ＡＢＣ商事', 'abc商事'],
    ['㈱みどり', '(株)みどり'],
    [' a\n\tb　c ', 'a b c'],
    ['髙島', '髙島'],
  ])('%s is compared as %s', (text, folded) => {
    expect(foldForSearch(text)).toBe(folded);
    expect(foldForSearch(folded)).toBe(folded);
  });
});

describe('patterns', () => {
  it('take the signs of LIKE for letters', () => {
    expect(likePattern('100%_\\')).toBe('%100\\%\\_\\\\%');
  });

  it('drop hyphens from numbers only', () => {
    expect(likePattern('03-0123-4567')).toBe('%0301234567%');
    expect(likePattern('＋８１ー３ー０１２３')).toBe('%030123%');
    expect(likePattern('8K3F-21')).toBe('%8k3f-21%');
  });

  it('are none for nothing', () => {
    expect(likePattern(' 　')).toBeNull();
  });
});
