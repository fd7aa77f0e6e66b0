import { describe, expect, test } from 'vitest';
import {
  acknowledged,
  connectionLost,
  dueFields,
  hurried,
  markedSent,
  merged,
  newDraft,
  nextDueAt,
  refused,
  restored,
  statusOf,
  THROTTLE_MS,
  toStore,
  typed,
  valueOf,
} from './draft-keeper.ts';
import type { KeptDraft } from './draft-keeper.ts';

const CALL = 'call_1';
const START = 1_000_000;
const fresh = (): KeptDraft => newDraft(CALL, START);
const sendDue = (draft: KeptDraft, now: number): KeptDraft =>
  markedSent(draft, dueFields(draft, now), now);
const ackOf = (draft: KeptDraft, version: number) => ({
  callId: CALL,
  field: 'company' as const,
  version,
  clientSeq: draft.lastSeq,
});

describe('sending', () => {
  test('a keystroke is shown at once and leaves within 100 ms', () => {
    const draft = typed(fresh(), 'company', '青', START);
    expect(valueOf(draft, 'company')).toBe('青');
    expect(dueFields(draft, START + THROTTLE_MS - 1)).toEqual([]);
    expect(nextDueAt(draft)).toBe(START + THROTTLE_MS);
    expect(dueFields(draft, START + THROTTLE_MS)).toEqual([
      { field: 'company', value: '青', clientSeq: START + 1 },
    ]);
  });

  test('typing on does not push the sending back', () => {
    let draft = fresh();
    for (let stroke = 0; stroke < 10; stroke += 1) {
      draft = typed(draft, 'body', 'あ'.repeat(stroke + 1), START + stroke * 30);
    }
    expect(nextDueAt(draft)).toBe(START + THROTTLE_MS);
    expect(dueFields(draft, START + 300)[0]?.value).toBe('あ'.repeat(10));
  });

  test('the next change after a sending waits its own 100 ms', () => {
    const draft = typed(
      sendDue(typed(fresh(), 'body', 'a', START), START + 100),
      'body',
      'ab',
      START + 110,
    );
    expect(nextDueAt(draft)).toBe(START + 210);
  });

  test('fields leave in the order they were typed', () => {
    let draft = typed(fresh(), 'name', '山', START);
    draft = typed(draft, 'company', '青', START + 1);
    draft = typed(draft, 'name', '山田', START + 2);
    expect(dueFields(draft, START + 200).map((due) => due.field)).toEqual(['company', 'name']);
  });

  test('a value nobody acknowledges goes out again after two seconds', () => {
    const draft = sendDue(typed(fresh(), 'company', '青', START), START + 100);
    expect(dueFields(draft, START + 2_099)).toEqual([]);
    expect(dueFields(draft, START + 2_100)).toHaveLength(1);
  });

  test('after a lost connection everything unacknowledged is due at once', () => {
    const draft = connectionLost(sendDue(typed(fresh(), 'company', '青', START), START + 100));
    expect(dueFields(draft, START + 150)).toHaveLength(1);
  });

  test('hurried: nothing waits for the throttle', () => {
    expect(dueFields(hurried(typed(fresh(), 'company', '青', START), START), START)).toHaveLength(
      1,
    );
  });

  test('an unchanged value is no keystroke', () => {
    const draft = fresh();
    expect(typed(draft, 'company', '', START)).toBe(draft);
  });
});

describe('acknowledgement', () => {
  test('an acknowledged value is saved', () => {
    const sent = sendDue(typed(fresh(), 'company', '青', START), START + 100);
    const draft = acknowledged(sent, ackOf(sent, 1));
    expect(statusOf(draft, true, START + 120)).toBe('saved');
    expect(nextDueAt(draft)).toBeNull();
    expect(toStore(draft, START + 120)).toBeNull();
  });

  test('an acknowledgement of the keystroke before leaves the newer text waiting', () => {
    const first = sendDue(typed(fresh(), 'company', '青', START), START + 100);
    const second = typed(first, 'company', '青空', START + 110);
    const draft = acknowledged(second, ackOf(first, 1));
    expect(statusOf(draft, true, START + 120)).toBe('saving');
    expect(dueFields(draft, START + 210)[0]?.value).toBe('青空');
  });

  test('another call’s acknowledgement changes nothing', () => {
    const draft = typed(fresh(), 'company', '青', START);
    expect(acknowledged(draft, { ...ackOf(draft, 1), callId: 'call_2' })).toBe(draft);
  });

  test('a refused value stays on the screen, is said, and is not sent again until changed', () => {
    const sent = sendDue(typed(fresh(), 'body', '長い', START), START + 100);
    const refusal = {
      callId: CALL,
      field: 'body' as const,
      clientSeq: sent.lastSeq,
      reason: 'too-long',
    };
    const draft = refused(sent, refusal);
    expect(valueOf(draft, 'body')).toBe('長い');
    expect(statusOf(draft, true, START + 200)).toBe('refused');
    expect(nextDueAt(draft)).toBeNull();
    expect(nextDueAt(typed(draft, 'body', '長', START + 500))).toBe(START + 600);
  });

  test('typed before the server has the draft: sent again until it is there', () => {
    const sent = sendDue(typed(fresh(), 'body', 'あ', START), START + 100);
    const refusal = {
      callId: CALL,
      field: 'body' as const,
      clientSeq: sent.lastSeq,
      reason: 'no-draft',
    };
    expect(dueFields(refused(sent, refusal), START + 2_100)).toHaveLength(1);
  });

  test('a refusal of an older keystroke does not mark the newer one', () => {
    const first = sendDue(typed(fresh(), 'body', 'a', START), START + 100);
    const second = typed(first, 'body', 'ab', START + 110);
    const late = {
      callId: CALL,
      field: 'body' as const,
      clientSeq: first.lastSeq,
      reason: 'too-long',
    };
    expect(refused(second, late)).toBe(second);
  });
});

describe('the server’s draft', () => {
  const server = (value: string, version: number, sentMessageId: string | null = null) => ({
    callId: CALL,
    version,
    fields: { company: { value, version } },
    sentMessageId,
  });

  test('fills an empty page', () => {
    const draft = merged(fresh(), server('青空商事', 3));
    expect(valueOf(draft, 'company')).toBe('青空商事');
    expect(statusOf(draft, true, START)).toBe('saved');
  });

  test('never overwrites what is still being typed here', () => {
    const draft = merged(typed(fresh(), 'company', '青空', START), server('青', 5));
    expect(valueOf(draft, 'company')).toBe('青空');
    expect(dueFields(draft, START + 100)).toHaveLength(1);
  });

  test('an older snapshot that arrives late does not take acknowledged text back', () => {
    const sent = sendDue(typed(fresh(), 'company', '青空', START), START + 100);
    const draft = merged(acknowledged(sent, ackOf(sent, 7)), server('青', 6));
    expect(valueOf(draft, 'company')).toBe('青空');
  });

  test('another desk’s newer text is taken', () => {
    const sent = sendDue(typed(fresh(), 'company', '青空', START), START + 100);
    const draft = merged(acknowledged(sent, ackOf(sent, 7)), server('青空商事', 8));
    expect(valueOf(draft, 'company')).toBe('青空商事');
  });

  test('another call’s draft is not taken', () => {
    const draft = fresh();
    expect(merged(draft, { ...server('x', 1), callId: 'call_2' })).toBe(draft);
  });

  test('a sent message is closed: typing changes nothing, nothing is kept back', () => {
    const draft = merged(typed(fresh(), 'company', '青空', START), server('青', 9, 'msg_1'));
    expect(valueOf(draft, 'company')).toBe('青');
    expect(typed(draft, 'company', '変更', START)).toBe(draft);
    expect(toStore(draft, START)).toBeNull();
  });
});

describe('a page that dies', () => {
  test('leaves its unacknowledged text behind and the next page hands it over', () => {
    const dying = typed(typed(fresh(), 'company', '青空商事', START), 'body', '折返し', START + 5);
    const stored = toStore(dying, START + 5);
    expect(stored).toEqual({ savedAt: START + 5, fields: { company: '青空商事', body: '折返し' } });

    const later = START + 60_000;
    let next = restored(newDraft(CALL, later), stored!, later);
    next = merged(next, {
      callId: CALL,
      version: 2,
      fields: { company: { value: '青空', version: 2 }, name: { value: '山田', version: 1 } },
      sentMessageId: null,
    });
    expect(valueOf(next, 'company')).toBe('青空商事');
    expect(valueOf(next, 'name')).toBe('山田');
    expect(dueFields(next, later).map((due) => due.field)).toEqual(['company', 'body']);
  });

  test('counts on above its earlier life', () => {
    let first = fresh();
    for (let stroke = 0; stroke < 100; stroke += 1) {
      first = typed(first, 'body', String(stroke), START + stroke * 100);
    }
    const second = typed(newDraft(CALL, START + 10_000), 'body', 'x', START + 10_000);
    expect(second.lastSeq).toBeGreaterThan(first.lastSeq);
  });
});

describe('what the operator is told', () => {
  test('nothing, saving, and unsaved when it takes long or the connection is gone', () => {
    expect(statusOf(fresh(), true, START)).toBe('empty');
    const draft = typed(fresh(), 'company', '青', START);
    expect(statusOf(draft, true, START + 500)).toBe('saving');
    expect(statusOf(draft, false, START + 500)).toBe('unsaved');
    expect(statusOf(draft, true, START + 1_500)).toBe('unsaved');
  });
});
