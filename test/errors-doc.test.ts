import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROBLEMS } from '../src/http/index.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const document = readFileSync(`${ROOT}docs/errors.md`, 'utf8');
const [answers = '', terminal = ''] = document.split('## In the terminal');

const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );

it('docs/errors.md lists every answer of the API with its status and sentences', () => {
  const registry = Object.entries(PROBLEMS).map(([code, { status, en, ja }]) => {
    return [code, String(status), en, ja];
  });
  expect(rowsOf(answers)).toEqual(registry);
});

it('docs/errors.md lists every other code the program throws, and no other', () => {
  const thrown = new Set<string>();
  for (const path of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (path.endsWith('.test.ts')) continue;
    const source = readFileSync(`${ROOT}${path}`, 'utf8');
    for (const [, code = ''] of source.matchAll(/new AppError\(\s*'([^']+)'/g)) thrown.add(code);
  }
  const others = [...thrown].filter((code) => !Object.hasOwn(PROBLEMS, code)).sort();
  expect(rowsOf(terminal).map(([code]) => code)).toEqual(others);
});
