import { expect, test } from 'vitest';
import type { CallView, DeskView } from '../../src/contract/index.ts';
import { consoleMode } from './console-mode.ts';
import type { AudioPhase } from './desk-audio.ts';

type Case = {
  view?: Partial<DeskView> | null;
  phase?: CallView['phase'];
  operations?: CallView['operations'];
  audio?: AudioPhase;
  taken?: boolean;
};

function modeOf(facts: Case): string {
  const { view = {}, phase, operations = [], audio = 'up', taken = false } = facts;
  const call = phase === undefined ? null : ({ phase, operations } as unknown as CallView);
  const desk = { device: 'browser', state: 'available', deskId: 'mine', audio: 'up', call };
  return consoleMode({
    view: view === null ? null : ({ ...desk, ...view } as DeskView),
    taken,
    audio: { phase: audio } as never,
    deskId: 'mine',
  });
}

test('nothing is claimed before the server has told', () => {
  expect(modeOf({ view: null })).toBe('loading');
});

test('off shift, or without sound, the way in is shown', () => {
  expect(modeOf({ view: { state: 'offline' } })).toBe('start');
  expect(modeOf({ audio: 'off' })).toBe('start');
  expect(modeOf({ audio: 'connecting' })).toBe('start');
  expect(modeOf({})).toBe('idle');
  expect(modeOf({ audio: 'reconnecting' })).toBe('idle');
});

test('a call stays on the screen whatever happens to the sound', () => {
  expect(modeOf({ phase: 'talking', audio: 'off' })).toBe('call');
  expect(modeOf({ phase: 'wrap-up', audio: 'reconnecting' })).toBe('call');
  expect(modeOf({ phase: 'offering' })).toBe('ring');
});

test('a call that left this desk does not', () => {
  expect(modeOf({ phase: 'ended' })).toBe('idle');
  expect(modeOf({ phase: 'waiting' })).toBe('idle');
});

test('a caller left to a contact who was not reached: the form stays, and rings nowhere here', () => {
  for (const phase of ['waiting', 'offering'] as const) {
    expect(modeOf({ phase, operations: ['finish'] })).toBe('call');
  }
});

test('a handed-over call that was declined is not shown as one’s own on its way back', () => {
  const call = { phase: 'held', operations: [], operatorId: 'op_other' } as never;
  expect(modeOf({ view: { call, operatorId: 'op_mine' } })).toBe('idle');
});

test('another window holds the sound', () => {
  expect(modeOf({ view: { deskId: 'other' }, audio: 'off' })).toBe('elsewhere');
  expect(modeOf({ taken: true, phase: 'talking' })).toBe('elsewhere');
  expect(modeOf({ view: { deskId: 'other', audio: 'lost' }, audio: 'off' })).toBe('start');
});

test('a telephone needs no sound here', () => {
  expect(modeOf({ view: { device: 'sip', deskId: 'other' }, audio: 'off' })).toBe('idle');
});
