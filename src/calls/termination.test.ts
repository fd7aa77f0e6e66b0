import { describe, expect, it } from 'vitest';
import type { Termination } from './call.ts';
import { isNotReached, noticeOf, notReached, terminationOf } from './termination.ts';

const REASONS: Record<Termination['reason'], true> = {
  'hung-up': true,
  abandoned: true,
  unattended: true,
  'media-lost': true,
  'line-lost': true,
  'media-plane-lost': true,
  'no-common-codec': true,
  'ack-missing': true,
  'app-restarted': true,
  'operator-lost': true,
  shutdown: true,
  'contact-no-answer': true,
  'contact-no-key': true,
  'contact-busy': true,
  'contact-wrong-number': true,
  'contact-refused': true,
  'contact-unreachable': true,
  'customer-no-answer': true,
  'customer-busy': true,
  'customer-wrong-number': true,
  'customer-refused': true,
  'customer-unreachable': true,
  'max-duration': true,
  'internal-error': true,
};

describe('noticeOf', () => {
  it.each(Object.keys(REASONS) as Termination['reason'][])(
    '%s: a final refusal and words',
    (reason) => {
      const notice = noticeOf({ class: 'platform', reason });
      expect(notice.sipStatus).toBeGreaterThanOrEqual(400);
      expect(notice.sipStatus).toBeLessThan(700);
      expect(notice.q850Cause).toBeGreaterThan(0);
      expect(notice.q850Cause).toBeLessThan(128);
      expect(notice.ja).toMatch(/[ぁ-ん]/u);
      expect(notice.en).toMatch(/^[\x20-\x7e’]+$/u);
    },
  );

  it('says who hung up', () => {
    expect(noticeOf({ class: 'caller', reason: 'hung-up' }).ja).toBe('お客様が切断しました');
    expect(noticeOf({ class: 'operator', reason: 'hung-up' }).ja).toBe(
      'オペレーターが切断しました',
    );
  });

  it.each([
    ['contact', 'no-key', '担当者の応答が確認できませんでした'],
    ['contact', 'busy', '担当者は話し中でした'],
    ['customer', 'declined', 'お客様が電話に出ませんでした'],
    ['customer', 'wrong-number', 'お客様の番号は使われていません'],
    ['contact', 'not-allowed', '担当者への発信は断られました'],
    ['contact', 'unreachable', '担当者につながる回線がありませんでした'],
  ] as const)('says who could not be had, and why: %s, %s', (party, why, ja) => {
    const termination = notReached(party, why);
    expect(noticeOf(termination).ja).toBe(ja);
    expect(isNotReached(termination.reason)).toBe(true);
  });

  it('takes no other end for that', () => {
    for (const reason of ['hung-up', 'contact-', 'contact-toString', 'customer-no-key', 'busy']) {
      expect(isNotReached(reason)).toBe(false);
    }
  });

  it('refuses without a common codec by 488', () => {
    expect(noticeOf({ class: 'upstream', reason: 'no-common-codec' }).sipStatus).toBe(488);
  });
});

describe('terminationOf', () => {
  it('a BYE without a Reason, or with normal clearing, is a person hanging up', () => {
    for (const q850Cause of [null, 16, 31]) {
      expect(terminationOf({ sipStatus: null, q850Cause }, 'caller')).toEqual({
        class: 'caller',
        reason: 'hung-up',
      });
    }
    expect(terminationOf({ sipStatus: 486, q850Cause: 17 }, 'operator').class).toBe('operator');
  });

  it('a fault of the network is upstream', () => {
    for (const said of [
      { sipStatus: null, q850Cause: 38 },
      { sipStatus: 503, q850Cause: null },
    ]) {
      expect(terminationOf(said, 'caller')).toEqual({ class: 'upstream', reason: 'hung-up' });
    }
  });

  it.each(['no-common-codec', 'ack-missing'] as const)(
    '%s comes back from our own notice',
    (reason) => {
      const { sipStatus, q850Cause } = noticeOf({ class: 'upstream', reason });
      const expected = { class: 'upstream', reason };
      expect(terminationOf({ sipStatus, q850Cause: null }, 'caller')).toEqual(expected);
      expect(terminationOf({ sipStatus: null, q850Cause }, 'caller')).toEqual(expected);
    },
  );
});
