import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { PhoneBook } from './phone-book.ts';

describe('PhoneBook', () => {
  it('knows the address of a phone that is called at a fixed one', async () => {
    const phones = new PhoneBook({
      clock: new ManualClock(),
      store: {
        allBindings: () => Promise.resolve([]),
        bindings: () => Promise.resolve([]),
        replaceBindings: () => Promise.resolve(),
        credentials: () => Promise.resolve(null),
      },
      lookup: (host) => Promise.resolve(host === 'phones.example.jp' ? '192.0.2.7' : null),
    });
    expect(phones.isPhoneAt('192.0.2.5')).toBe(false);
    await phones.resolve('sip:operator@192.0.2.5:5062');
    await phones.resolve('sip:operator@phones.example.jp');
    await phones.resolve('sip:operator@nowhere.example.jp');
    expect(['192.0.2.5', '192.0.2.7', '192.0.2.9'].map((at) => phones.isPhoneAt(at))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
