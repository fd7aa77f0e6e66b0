import { expect, it } from 'vitest';
import { readSignalling } from './leg-signalling.ts';

it('signalling that an earlier version stored is read by today’s names of its sides', () => {
  const stored = { invite: { request: 'INVITE' }, dialog: null };
  const sides = ['caller', 'operator', 'incoming', 'outgoing'].map(
    (side) => readSignalling({ ...stored, side })?.side,
  );
  expect(sides).toEqual(['incoming', 'outgoing', 'incoming', 'outgoing']);
  expect(readSignalling({ ...stored, side: 'operator' })).toMatchObject(stored);
  expect(readSignalling(null)).toBeNull();
});
