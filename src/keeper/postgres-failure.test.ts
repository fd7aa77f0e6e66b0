import { expect, test } from 'vitest';
import { postgresFailure, weightOfLine } from './postgres-cluster.ts';

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

test.each([
  ['FATAL:  the database system is starting up', 'debug'],
  ['FATAL:  could not open file "global/pg_control"', 'error'],
  ['PANIC:  could not write to file "pg_wal/xlogtemp.1"', 'error'],
  ['LOG:  database system is ready to accept connections', 'debug'],
  ['ERROR:  canceling statement due to user request', 'warn'],
])('%s', (line, weight) => {
  expect(weightOfLine(line)).toBe(weight);
});
