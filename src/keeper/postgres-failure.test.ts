import { expect, test } from 'vitest';
import { postgresFailure } from './postgres-cluster.ts';

test.each([
  [
    'FATAL:  could not write lock file "postmaster.pid": No space left on device',
    'keeper.disk-full',
  ],
  ['initdb: error: could not write file "x": Disk quota exceeded', 'keeper.disk-full'],
  ['FATAL:  could not map shared memory: Cannot allocate memory', 'keeper.no-memory'],
  ['FATAL:  something else', 'keeper.database-failed'],
])('%s', (output, code) => {
  expect(postgresFailure(output).code).toBe(code);
});

test('what PostgreSQL said last is in the sentence when we have no better one', () => {
  const failure = postgresFailure('one\ntwo\nFATAL:  incompatible shared library\n');
  expect(failure.message).toBe(
    'PostgreSQL does not start. It says: one / two / FATAL:  incompatible shared library',
  );
});
