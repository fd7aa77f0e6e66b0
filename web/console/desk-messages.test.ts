import { expect, test } from 'vitest';
import type { MessageView } from '../../src/contract/index.ts';
import { withMessage } from './desk-messages.ts';

const view = (id: string, subject: string): MessageView => ({ id, subject }) as MessageView;

test('an answer to a request does not take the place of what the connection has said since', () => {
  const failed = view('msg_1', 'failed');
  expect(withMessage([failed], view('msg_1', 'queued'), 'answer')).toEqual([failed]);
  expect(withMessage([view('msg_1', 'queued')], failed, 'news')).toEqual([failed]);
  const first = withMessage([view('msg_2', 'other')], view('msg_1', 'queued'), 'answer');
  expect(first.map(({ id }) => id)).toEqual(['msg_1', 'msg_2']);
});
