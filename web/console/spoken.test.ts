import { describe, expect, it } from 'vitest';
import { consoleJa } from '../shared/locales/ja-console.ts';
import { consoleEn } from '../shared/locales/en-console.ts';
import { MAY_BREAK, spokenParts } from './spoken.ts';

/** As lines with no room for more than one part each. */
const lines = (...given: Parameters<typeof spokenParts>): string[] =>
  spokenParts(...given)
    .map((part) => (part.kind === 'break' ? '/' : part.text))
    .join('')
    .split('/');

describe('what is said', () => {
  it('ends its lines where it is marked, and keeps names and numbers whole', () => {
    const said = '電話番の佐藤 美咲です。¦090-0123-4567の¦方から';
    const kept = ['佐藤 美咲', '090-0123-4567', ''];
    expect(lines(said, { kept })).toEqual(['電話番の佐藤 美咲です。', '090-0123-4567の', '方から']);
    expect(spokenParts(said, { kept })).toContainEqual({ kind: 'kept', text: '090-0123-4567' });
  });

  it('leaves the words of others as they are, marks and all', () => {
    const request = 'A¦Bの件で、折り返しを';
    expect(spokenParts(`ご用件は¦「${request}」`, { free: [request] })).toContainEqual({
      kind: 'free',
      text: request,
    });
    const long = '寿限無寿限無五劫の擦り切れ海砂利水魚';
    expect(spokenParts(long, { kept: [long] })).toEqual([{ kind: 'free', text: long }]);
  });

  it('has no part that is wider than the narrowest column', () => {
    for (const { phrase, relay } of [consoleJa, consoleEn]) {
      const { hello, from, about, ask } = relay;
      for (const text of [...Object.values(phrase), ...Object.values(from), hello, about, ask]) {
        const shown = text.replaceAll(/\{\{\w+\}\}/g, '○○○');
        const parts = shown.split(new RegExp(`${MAY_BREAK}|(?<=[、。])`, 'u'));
        if (/[ぁ-ん]/.test(text))
          expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(13);
      }
    }
  });
});
