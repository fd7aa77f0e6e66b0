import { expect, test } from 'vitest';
import { jsonLogger } from './json-log.ts';

test('a line is JSON with time, level and bindings, and says what went wrong', () => {
  const lines: string[] = [];
  const options = { level: 'warn', now: () => 5, write: (line: string) => void lines.push(line) };
  const log = jsonLogger(options, { process: 'media' }).child({ legId: 'leg_1' });
  log.info({}, 'not of interest');
  log.warn({ err: new RangeError('no such port') }, 'address left out');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      ...{ level: 40, time: 5, process: 'media', legId: 'leg_1', msg: 'address left out' },
      err: {
        type: 'RangeError',
        message: 'no such port',
        stack: expect.stringContaining('json-log.test.ts') as string,
      },
    },
  ]);
});
