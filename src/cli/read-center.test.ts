import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCenter } from './read-center.ts';

const GOOD = `version: 1
subscribers:
  - id: aozora
    name: 株式会社あおぞら
    greeting: 株式会社あおぞらでございます。
    numbers:
      - number: 03-0123-4567
    contacts:
      - id: yamada
        name: 山田 太郎
        phone: 090-0123-4567
        email: yamada@example.jp
    mailRoutes:
      - to: [yamada]
operators:
  - id: sato
    name: 佐藤
`;

function problems(text: string): string[] {
  const center = readCenter(text, 'center.yaml');
  return center.ok ? [] : center.problems;
}

describe('an office file', () => {
  it('is read with what it leaves out filled in', () => {
    const center = readCenter(GOOD);
    expect(center.ok && center.spec.subscribers[0]?.timeZone).toBe('Asia/Tokyo');
    expect(center.ok && center.spec.operators[0]?.device).toEqual({ kind: 'browser' });
    expect(center.ok && center.spec.subscribers[0]?.relay).toEqual({
      recordRelayed: true,
      blindTransfer: true,
      afterRelay: 'wrap-up',
    });
  });

  it('may be JSON', () => {
    expect(problems('{"version": 1, "operators": [{"id": "sato", "name": "佐藤"}]}')).toEqual([]);
  });

  it('comes as an example without a fault', () => {
    const text = readFileSync(new URL('../../examples/center.yaml', import.meta.url), 'utf8');
    expect(problems(text)).toEqual([]);
    const center = readCenter(text);
    expect(center.ok && center.spec.subscribers).toHaveLength(3);
  });

  it.each([
    ['a broken line', GOOD.replace('name: 佐藤', 'name: "佐藤'), /^center\.yaml:\d+:\d+ /],
    [
      'an unknown field',
      GOOD.replace('kana', 'kana').replace('    greeting:', '    greting: x\n    greeting:'),
      'center.yaml:5:5 subscribers[0].greting: is not a known field',
    ],
    [
      'a rule of relaying that is none',
      GOOD.replace(
        '    numbers:',
        '    relay:\n      blindTransfer: true\n      afterRelay: busy\n    numbers:',
      ),
      /^center\.yaml:8:7 subscribers\[0\]\.relay\.afterRelay: .*"wrap-up"\|"available"/,
    ],
    [
      'a missing field',
      GOOD.replace('    name: 佐藤\n', ''),
      'center.yaml:16:5 operators[0].name: is missing',
    ],
    [
      'a number that lost its zero',
      GOOD.replace('03-0123-4567', '0301234567'),
      'center.yaml:7:9 subscribers[0].numbers[0].number: must be text: put it in quotes, or its leading zeros are lost',
    ],
    [
      'a contact nobody is',
      GOOD.replace('[yamada]', '[yamda]'),
      'center.yaml:14:14 subscribers[0].mailRoutes[0].to[0]: "yamda" is no contact of aozora: it has yamada',
    ],
    [
      'a name used twice',
      `${GOOD}  - id: sato\n    name: 佐藤二号\n`,
      'center.yaml:18:5 operators[1].id: "sato" is there twice: each may be named once',
    ],
    [
      'one number in two spellings',
      GOOD.replace('    contacts:', '      - number: "+81301234567"\n    contacts:'),
      'center.yaml:8:9 subscribers[0].numbers[1].number: "0301234567" is there twice: each may be named once',
    ],
    [
      'words for a number',
      GOOD.replace('090-0123-4567', 'なしです'),
      'center.yaml:11:9 subscribers[0].contacts[0].phone: "なしです" is no telephone number: write 03-0123-4567 or +81301234567',
    ],
    ['another version', GOOD.replace('version: 1', 'version: 2'), /^center\.yaml:1:1 version: /],
    ['nothing at all', '', /^center\.yaml:1:1 /],
    ['a list', '- 1', /^center\.yaml:1:1 /],
    [
      'a wrong address',
      GOOD.replace('yamada@example.jp', 'yamada'),
      /^center\.yaml:12:9 subscribers\[0\]\.contacts\[0\]\.email: /,
    ],
  ])('with %s is refused by line, column and field', (_what, text, said) => {
    const [first = ''] = problems(text);
    if (typeof said === 'string') expect(first).toBe(said);
    else expect(first).toMatch(said);
  });

  it('with any one field spoilt is refused at a line that is there, by a name that is there', () => {
    const text = readFileSync(new URL('../../examples/center.yaml', import.meta.url), 'utf8');
    const lines = text.split('\n');
    const spoilt: [what: string, (line: string) => string][] = [
      ['a list for a value', (line) => line.replace(/: .*$/, ': [[1]]')],
      ['an unknown name', (line) => line.replace(/(\w+):/, 'x$1x:')],
      ['text without end', (line) => line.replace(/: .*$/, ': "')],
      ['a tab', (line) => `\t${line}`],
      ['far too long', (line) => line.replace(/: .*$/, `: ${'長'.repeat(3000)}`)],
    ];
    const fields = lines.flatMap((line, i) => (/^[ -]*\w+: \S/.test(line) ? [i] : []));
    expect(fields.length).toBeGreaterThan(50);
    for (const i of fields.filter((_, n) => n % 4 === 0)) {
      for (const [what, spoil] of spoilt) {
        const changed = lines.with(i, spoil(lines[i] ?? ''));
        const center = readCenter(changed.join('\n'), 'center.yaml');
        const said = `${what}, line ${i + 1}: ${lines[i] ?? ''}`;
        if (center.ok) expect(said).toMatch(/far too long/);
        else {
          expect(center.faults.length, said).toBeGreaterThan(0);
          for (const { line, message } of center.faults) {
            expect(line, said).toBeLessThanOrEqual(changed.length);
            expect(message, said).toMatch(/\S/);
          }
        }
      }
    }
  });

  it('of any bytes is refused without a throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const center = readCenter(text);
        expect(center.ok).toBe(false);
      }),
    );
  });

  it('that would unfold without end is refused', () => {
    const levels = Array.from({ length: 12 }, (_, i) => {
      const inside = i === 0 ? '[x]' : `[${`*a${i - 1}, `.repeat(9)}*a${i - 1}]`;
      return `a${i}: &a${i} ${inside}`;
    });
    expect(problems(levels.join('\n'))).not.toEqual([]);
  });

  it('finds the place of what the server refuses', () => {
    const center = readCenter(GOOD);
    if (!center.ok) throw new Error('the file is good');
    expect(center.locate('subscribers.0.numbers.0.number', 'no')).toEqual({
      line: 7,
      column: 9,
      field: 'subscribers[0].numbers[0].number',
      message: 'no',
    });
  });
});
