import { expect, test } from 'vitest';
import {
  addNotice,
  noticesAfterWelcome,
  noticesBesideCall,
  noticesBesideHeader,
  noticesWithSound,
  unrecordedAfter,
} from './notices.ts';
import type { Notice, NoticeCode } from './notices.ts';

const shown = (...codes: NoticeCode[]): Notice[] =>
  codes.map((code, id) => ({ id, code, callId: 'call_1' }));
const codesOf = (notices: readonly Notice[]): NoticeCode[] => notices.map(({ code }) => code);

test('a notice takes the place of the trouble it ends and of itself; three are shown', () => {
  const [again, lost, failed] = shown('saved-again', 'audio-lost', 'recording-failed');
  expect(codesOf(addNotice(shown('not-saved', 'disk-full'), again!))).toEqual([
    'disk-full',
    'saved-again',
  ]);
  expect(addNotice(shown('audio-lost'), { ...lost!, id: 7 })).toEqual([{ ...lost, id: 7 }]);
  const full = shown('app-restarted', 'disk-full', 'audio-lost');
  expect(codesOf(addNotice(full, failed!))).toEqual([
    'disk-full',
    'audio-lost',
    'recording-failed',
  ]);
});

test('after a welcome goes what the server did not say again; what it did is the very same notice', () => {
  const before = shown('not-saved', 'disk-full', 'audio-lost', 'saved-again');
  expect(codesOf(noticesAfterWelcome(before, new Set()))).toEqual(['audio-lost', 'saved-again']);
  const again = addNotice(before, { id: 9, code: 'disk-full', callId: null });
  expect(noticesAfterWelcome(again, new Set(['disk-full']))).toEqual(before.slice(1));
});

test('lost sound is said until it is back or its shift has ended', () => {
  const before = shown('audio-lost', 'not-saved');
  for (const phase of ['asking', 'connecting', 'reconnecting'] as const) {
    expect(noticesWithSound(before, phase)).toEqual(before);
  }
  for (const phase of ['up', 'off'] as const) {
    expect(codesOf(noticesWithSound(before, phase))).toEqual(['not-saved']);
  }
});

test('what is said about the recording of a call goes with the call', () => {
  const before = shown('recording-failed', 'recording-again', 'not-saved');
  expect(noticesBesideCall(before, 'call_1')).toEqual(before);
  expect(codesOf(noticesBesideCall(before, 'call_2'))).toEqual(['not-saved']);
  expect(codesOf(noticesBesideCall(before, null))).toEqual(['not-saved']);
});

test('that a call was cut by a fault is not said any more once its own header has said it', () => {
  const before = shown('call-ended-by-fault', 'disk-full');
  const termination = { class: 'platform', reason: 'media-lost' } as const;
  const call = { id: 'call_1', phase: 'wrap-up', termination } as const;
  expect(codesOf(noticesBesideHeader(before, call))).toEqual(['disk-full']);
  expect(noticesBesideHeader(before, { ...call, id: 'call_2' })).toEqual(before);
  expect(noticesBesideHeader(before, { ...call, phase: 'talking', termination: null })).toEqual(
    before,
  );
  expect(noticesBesideHeader(before, null)).toEqual(before);
});

test('a call stands as not recorded until it is recorded again, and no other with it', () => {
  const failed = (callId: string | null) => ({ code: 'recording-failed', callId }) as const;
  const both = unrecordedAfter(unrecordedAfter(new Set(), failed('call_1')), failed('call_2'));
  expect([...both]).toEqual(['call_1', 'call_2']);
  expect([...unrecordedAfter(both, { code: 'recording-again', callId: 'call_1' })]).toEqual([
    'call_2',
  ]);
  expect(unrecordedAfter(both, { code: 'disk-full', callId: null })).toBe(both);
});
