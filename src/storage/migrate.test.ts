import { expect, it } from 'vitest';
import { serverFault } from './migrate.ts';

it('a server that is too old, or a database that cannot hold every name, is refused in a sentence', () => {
  const good = { version: '15.18', number: 150_018, encoding: 'UTF8' };
  expect(serverFault(good)).toBeNull();
  expect(serverFault({ ...good, version: '14.9', number: 140_009 })).toMatch(
    /PostgreSQL 14\.9; Denwaban needs 15 or newer/,
  );
  expect(serverFault({ ...good, encoding: 'SQL_ASCII' })).toMatch(/ENCODING UTF8/);
});
