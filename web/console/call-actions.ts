import type { CallView } from '../../src/contract/index.ts';
import type { DeskAction } from './keys.ts';

export type CallKey = Extract<
  DeskAction['type'],
  | 'hold'
  | 'connect'
  | 'three-way'
  | 'relay'
  | 'mute'
  | 'recording'
  | 'park'
  | 'hand-over'
  | 'digits'
>;

/** What a key does now: the keys of `console.action`. */
export type CallDeed =
  | 'hold'
  | 'retrieve'
  | 'connect'
  | 'three-way'
  | 'relay'
  | 'mute'
  | 'unmute'
  | 'pause-recording'
  | 'resume-recording'
  | 'park'
  | 'hand-over'
  | 'send-digits';

export type CallAction = { key: CallKey; does: CallDeed };

type Facts = Pick<CallView, 'operations' | 'muted'>;

/** What the operator may do to the call now, in the order of the screen; ending it is apart. */
export function callActions({ operations, muted }: Facts): CallAction[] {
  const all: (CallAction & { when: CallView['operations'][number] })[] = [
    { when: 'hold', key: 'hold', does: 'hold' },
    { when: 'retrieve', key: 'hold', does: 'retrieve' },
    { when: 'connect', key: 'connect', does: 'connect' },
    { when: 'three-way', key: 'three-way', does: 'three-way' },
    { when: 'relay', key: 'relay', does: 'relay' },
    { when: 'mute', key: 'mute', does: muted ? 'unmute' : 'mute' },
    { when: 'send-digits', key: 'digits', does: 'send-digits' },
    { when: 'pause-recording', key: 'recording', does: 'pause-recording' },
    { when: 'resume-recording', key: 'recording', does: 'resume-recording' },
    { when: 'park', key: 'park', does: 'park' },
    { when: 'hand-over', key: 'hand-over', does: 'hand-over' },
  ];
  return all
    .filter(({ when }) => operations.includes(when))
    .map(({ key, does }) => ({ key, does }));
}
