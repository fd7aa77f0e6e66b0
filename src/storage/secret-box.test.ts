import { expect, it } from 'vitest';
import { SecretBox } from './secret-box.ts';

const box = new SecretBox('a key of this test');

it('opens what it sealed, each time sealed differently', () => {
  const sealed = [box.seal('geheim ひみつ', 'trk_1'), box.seal('geheim ひみつ', 'trk_1')];
  expect(sealed[0]).not.toBe(sealed[1]);
  expect(sealed.map((one) => box.open(one, 'trk_1'))).toEqual(['geheim ひみつ', 'geheim ひみつ']);
  expect(sealed.join('')).not.toContain(Buffer.from('geheim').toString('base64').slice(0, 6));
});

it('opens nothing with another key, for another owner, changed or cut', () => {
  const sealed = box.seal('geheim', 'trk_1');
  const bytes = Buffer.from(sealed, 'base64');
  bytes[14]! ^= 1;
  expect(new SecretBox('another').open(sealed, 'trk_1')).toBeNull();
  expect(box.open(sealed, 'trk_2')).toBeNull();
  expect(box.open(bytes.toString('base64'), 'trk_1')).toBeNull();
  for (const cut of ['', 'AAAA', sealed.slice(0, 20), 'not base64 !']) {
    expect(box.open(cut, 'trk_1')).toBeNull();
  }
});
