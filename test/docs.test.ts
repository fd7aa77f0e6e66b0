import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

type Rule = { name: string; to: { pathNot?: string | string[] } };

/** What the walls allow, read back from the rules themselves. */
function allowedImports(): Map<string, string[]> {
  const { forbidden } = createRequire(import.meta.url)(`${ROOT}.dependency-cruiser.cjs`) as {
    forbidden: Rule[];
  };
  const modules = forbidden.filter(({ name }) => name.startsWith('modules:'));
  return new Map(
    modules.map(({ name, to }) => {
      const own = name.slice('modules:'.length);
      const list = /\(([^)]*)\)/.exec(String(to.pathNot))?.[1]?.split('|') ?? [];
      return [own, list.filter((module) => module !== own && module !== 'base')];
    }),
  );
}

test('the import table of ARCHITECTURE.md is the one that is enforced', () => {
  const rows = [...read('ARCHITECTURE.md').matchAll(/^\| ([a-z-]+) \| ([a-z–, -]+) \|$/gm)];
  const written = new Map(
    rows
      .filter(([, name]) => name !== 'module')
      .map(([, name = '', list = '']) => [name, list === '–' ? [] : list.split(', ')]),
  );
  expect(written).toEqual(allowedImports());
});

test('every file that ARCHITECTURE.md names is there', () => {
  const named = [...read('ARCHITECTURE.md').matchAll(/`(src\/[^`*]+\.ts)`/g)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(5);
  for (const path of named) expect(() => read(path), path).not.toThrow();
});

test('the scripts that README and CONTRIBUTING name are in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const text = read('README.md') + read('CONTRIBUTING.md');
  const named = [...text.matchAll(/npm (?:run )?(start|test|check|denwaban)\b/g)];
  for (const [, name = ''] of named) expect(Object.keys(scripts)).toContain(name);
});
