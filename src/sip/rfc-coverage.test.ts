import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const TABLE_LINE = /^\| (RFC \d+.*) \| (\S+) \| "(.+)" \|$/;

const lines = readFileSync(new URL('docs/rfc-coverage.md', ROOT), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'));
const rows = lines.slice(2).map((line) => ({ line, match: TABLE_LINE.exec(line) }));

/** All tests that may be named: those beside the sources and the integration tests. */
function testTexts(): string {
  const folders = [
    'src/sip/',
    'src/media/',
    'src/engine/',
    'src/media-process/',
    'test/integration/',
  ];
  return folders
    .filter((folder) => existsSync(new URL(folder, ROOT)))
    .flatMap((folder) =>
      readdirSync(new URL(folder, ROOT))
        .filter((name) => name.endsWith('.test.ts') && name !== 'rfc-coverage.test.ts')
        .map((name) => readFileSync(new URL(folder + name, ROOT), 'utf8')),
    )
    .join('\n');
}

describe('docs/rfc-coverage.md', () => {
  it('has only lines of its form', () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter(({ match }) => !match).map(({ line }) => line)).toEqual([]);
  });

  it('names only files and tests that exist', () => {
    const tests = testTexts();
    const missing = rows.filter(({ match }) => {
      const [, , file = '', name = ''] = match ?? [];
      return !existsSync(new URL(file, ROOT)) || !tests.includes(`'${name}'`);
    });
    expect(missing.map(({ line }) => line)).toEqual([]);
  });
});
