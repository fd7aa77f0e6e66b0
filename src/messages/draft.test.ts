import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, MessageId, OperatorId } from '../base/index.ts';
import { fieldsOf, putField } from './draft.ts';
import type { Draft, DraftPut, MessageField } from './ports.ts';

const HANA = asId<OperatorId>('op-hana');
const EMPTY: Draft = {
  callId: asId<CallId>('call-1'),
  subscriberId: null,
  operatorId: HANA,
  version: 1,
  fields: {},
  sentMessageId: null,
  updatedAt: 0,
};

function put(value: string, some: Partial<DraftPut> = {}): DraftPut {
  return {
    callId: EMPTY.callId,
    operatorId: HANA,
    field: 'name',
    value,
    deskId: 'desk-1',
    clientSeq: 1,
    ...some,
  };
}

describe('putField', () => {
  it('acknowledges a value with its version', () => {
    const { outcome, draft } = putField(EMPTY, put('山田'), null, 5);
    expect(outcome).toEqual({ ok: true, version: 2 });
    expect(draft).toMatchObject({
      version: 2,
      updatedAt: 5,
      fields: { name: { value: '山田', version: 2 } },
    });
  });

  it('lets the last writer of a field win, the other fields untouched', () => {
    const first = putField(EMPTY, put('山田'), null, 1).draft;
    const second = putField(first, put('株式会社サクラ', { field: 'company' }), null, 2).draft;
    const third = putField(second, put('山本', { deskId: 'desk-2' }), null, 3).draft;
    expect(fieldsOf(third!)).toEqual({ name: '山本', company: '株式会社サクラ' });
    expect(third?.version).toBe(4);
  });

  it('acknowledges again, and changes nothing, what was sent again', () => {
    const { draft } = putField(EMPTY, put('山本', { clientSeq: 7 }), null, 1);
    const again = putField(draft, put('山', { clientSeq: 6 }), 7, 2);
    expect(again.outcome).toEqual({ ok: true, version: 2 });
    expect(again.draft).toBe(draft);
  });

  it('refuses what may not be written', () => {
    const reason = (draft: Draft | null, request: DraftPut): unknown =>
      putField(draft, request, null, 0).outcome;
    expect(reason(null, put('x'))).toEqual({ ok: false, reason: 'no-draft' });
    expect(reason(EMPTY, put('x', { operatorId: asId('op-yuki') }))).toEqual({
      ok: false,
      reason: 'not-yours',
    });
    expect(reason({ ...EMPTY, sentMessageId: asId<MessageId>('msg-1') }, put('x'))).toEqual({
      ok: false,
      reason: 'already-sent',
    });
    expect(reason(EMPTY, put('あ'.repeat(61)))).toEqual({ ok: false, reason: 'too-long' });
  });

  it('ends at what each field was last given, however often a desk repeats itself', () => {
    const typed = fc.array(
      fc.record({
        field: fc.constantFrom<MessageField>('name', 'company', 'body'),
        value: fc.string({ maxLength: 20 }),
        resends: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(typed, (history) => {
        let draft: Draft | null = EMPTY;
        const highest = new Map<MessageField, number>();
        const expected: Partial<Record<MessageField, string>> = {};
        const sent: DraftPut[] = [];
        history.forEach(({ field, value, resends }, clientSeq) => {
          sent.push(put(value, { field, clientSeq }));
          expected[field] = value;
          const again = resends.map((back) => sent[Math.max(0, sent.length - 1 - back)]!);
          for (const request of [sent.at(-1)!, ...again]) {
            const last = highest.get(request.field) ?? null;
            const result: ReturnType<typeof putField> = putField(draft, request, last, 0);
            draft = result.draft;
            highest.set(request.field, Math.max(last ?? -1, request.clientSeq));
            expect(result.outcome.ok).toBe(true);
          }
        });
        expect(fieldsOf(draft)).toEqual(expected);
        expect(draft.version).toBe(1 + history.length);
      }),
    );
  });
});
