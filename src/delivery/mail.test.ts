import { describe, expect, it } from 'vitest';
import { isMailAddress, parseMailAddress, plainName } from './mail.ts';

describe('mail addresses', () => {
  it('are read with and without a name', () => {
    expect(parseMailAddress('電話番 <denwaban@example.jp>')).toEqual({
      name: '電話番',
      address: 'denwaban@example.jp',
    });
    expect(parseMailAddress('a+b@example.jp')).toEqual({ name: '', address: 'a+b@example.jp' });
  });

  it.each([
    'owner@example.jp\r\nBcc: evil@example.com',
    'a@example.jp, b@example.jp',
    'a@example.jp b@example.jp',
    '<a@example.jp>',
    'a@b@example.jp>',
    'a@',
    '@example.jp',
    'a@-example.jp',
    'a@example..jp\n',
    '',
  ])('that could name another receiver are refused: %j', (address) => {
    expect(isMailAddress(address)).toBe(false);
  });

  it('have names without line ends', () => {
    expect(plainName('山田\r\nBcc: evil@example.com')).toBe('山田 Bcc: evil@example.com');
    expect(plainName('"山田" ')).toBe('山田');
  });
});
