import { expect, test } from 'vitest';
import { callActions } from './call-actions.ts';

test('one key holds and, whatever she was doing meanwhile, leads back to the caller', () => {
  expect(callActions({ operations: ['hang-up', 'hold'], muted: false })).toEqual([
    { key: 'hold', does: 'hold' },
  ]);
  expect(callActions({ operations: ['retrieve', 'connect'], muted: false })).toEqual([
    { key: 'hold', does: 'retrieve' },
    { key: 'connect', does: 'connect' },
  ]);
});

test('the microphone key and the recording key say what they would do now', () => {
  expect(callActions({ operations: ['mute', 'pause-recording'], muted: false })).toEqual([
    { key: 'mute', does: 'mute' },
    { key: 'recording', does: 'pause-recording' },
  ]);
  expect(callActions({ operations: ['mute', 'resume-recording'], muted: true })).toEqual([
    { key: 'mute', does: 'unmute' },
    { key: 'recording', does: 'resume-recording' },
  ]);
});

test('nothing is offered that the server does not allow', () => {
  expect(callActions({ operations: ['finish'], muted: false })).toEqual([]);
});
