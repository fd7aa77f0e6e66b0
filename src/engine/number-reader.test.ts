import { describe, expect, it } from 'vitest';
import { numberPlan } from '../app-number-plan.ts';
import { asId } from '../base/index.ts';
import type { SubscriberId, TrunkId } from '../base/index.ts';
import type { Trunk } from '../subscribers/index.ts';
import { request } from '../../test/harness/sip-network.ts';
import { NumberReader } from './number-reader.ts';

const OURS = new Map([
  ['+81301234567', asId<SubscriberId>('sub_sakura')],
  ['+81301234568', asId<SubscriberId>('sub_ume')],
]);
const reader = new NumberReader({ subscriberOf: (did) => OURS.get(did) ?? null }, numberPlan);
const TRUNK: Trunk = {
  id: asId<TrunkId>('trk_1'),
  key: 'carrier',
  name: '',
  addresses: [],
  mediaNetworks: [],
  dialedNumberFrom: 'request-uri',
  trustAssertedIdentity: true,
  register: null,
  outbound: null,
  probeSeconds: null,
  maxCalls: null,
};

type Headers = { uri?: string; from?: string; to?: string; more?: string[] };
const read = (
  { uri = 'sip:0301234567@192.0.2.2', from, to, more = [] }: Headers,
  trunk: Partial<Trunk> = {},
): ReturnType<NumberReader['read']> =>
  reader.read(
    request([
      `INVITE ${uri} SIP/2.0`,
      'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKn',
      `From: ${from ?? '<sip:09001234567@carrier.example.jp>'};tag=1`,
      `To: ${to ?? '<sip:0301234567@carrier.example.jp>'}`,
      'Call-ID: n',
      'CSeq: 1 INVITE',
      ...more,
    ]),
    { ...TRUNK, ...trunk },
  );
const ANONYMOUS = '<sip:anonymous@anonymous.invalid>';

describe('a caller without a number', () => {
  it.each([
    [`"Anonymous" ${ANONYMOUS}`, [], 'withheld'],
    [`"Anonymous" ${ANONYMOUS}`, ['Privacy: user;id'], 'withheld'],
    [`"Coin line/payphone" ${ANONYMOUS}`, ['Privacy: id'], 'payphone'],
    [`Coin line/payphone ${ANONYMOUS}`, [], 'payphone'],
    [`"Unavailable" ${ANONYMOUS}`, ['Privacy: id'], 'unavailable'],
    [`"Interaction with other service" ${ANONYMOUS}`, ['Privacy: user; id'], 'unavailable'],
    [`"Interaction with other service" ${ANONYMOUS}`, [], 'unavailable'],
    [ANONYMOUS, ['Privacy: id', 'P-Asserted-Identity: <tel:+819001234567>'], 'withheld'],
    ['<sip:09001234567@c.example.jp>', ['Privacy: id'], 'withheld'],
    [
      ANONYMOUS,
      ['Privacy: id', 'P-Asserted-Identity: <tel:+81312345678;cpc=payphone>'],
      'payphone',
    ],
    [
      ANONYMOUS,
      ['Privacy: id', 'P-Asserted-Identity: <sip:+81312345678;cpc=payphone@c;user=phone>'],
      'payphone',
    ],
    [`"Payphone" ${ANONYMOUS}`, [], 'payphone'],
    [
      '<sip:0312345678@c>',
      ['Remote-Party-ID: <sip:0312345678@c>;party=calling;privacy=full;screen=yes'],
      'withheld',
    ],
  ])('%s %j is %s, and no number is kept', (from, more, withheld) => {
    expect(read({ from, more }).caller).toMatchObject({
      number: null,
      rawNumber: null,
      withheld,
    });
  });
});

describe('a caller with a number', () => {
  it.each([
    ['<sip:09001234567@c.example.jp>', [], '+819001234567'],
    ['<sip:user@c.example.jp>', ['P-Asserted-Identity: <tel:+81-90-0123-4567>'], '+819001234567'],
    [
      '<sip:user@c.example.jp>',
      ['Remote-Party-ID: <sip:09001234567@c>;party=calling'],
      '+819001234567',
    ],
    [
      '<sip:0301234567@c>',
      ['P-Asserted-Identity: <sip:09001234567@c>', 'Remote-Party-ID: <sip:0311112222@c>'],
      '+819001234567',
    ],
    ['<sip:09001234567@c>', ['Privacy: none'], '+819001234567'],
    ['<sip:+442079460000@c;user=phone>', [], '+442079460000'],
  ])('%s %j is %s', (from, more, number) => {
    expect(read({ from, more }).caller).toMatchObject({ number, withheld: null });
    expect(
      read({ from: '<sip:user@c>', more }, { trustAssertedIdentity: false }).caller.number,
    ).toBe(null);
  });
});

describe('whom the call is for', () => {
  const STRANGE = 'sip:account@192.0.2.2';
  it.each([
    ['request-uri', {}, 'sub_sakura'],
    [
      'p-called-party-id',
      { uri: STRANGE, more: ['P-Called-Party-ID: <sip:0301234568@c>'] },
      'sub_ume',
    ],
    [
      'diversion',
      {
        uri: STRANGE,
        more: ['Diversion: <sip:0399999999@c>;reason=no-answer, <tel:+81301234568>'],
      },
      'sub_ume',
    ],
    [
      'history-info',
      {
        uri: STRANGE,
        more: [
          'History-Info: <sip:0301234568@c?Reason=SIP%3Bcause%3D302>;index=1, <sip:account@c>;index=1.1',
        ],
      },
      'sub_ume',
    ],
    ['catch-all', { uri: STRANGE, to: '<sip:0301234567@c>' }, null],
  ] as const)('is told by %s', (how, headers, subscriberId) => {
    const { uri, to, more }: Headers = {
      ...headers,
      more: 'more' in headers ? [...headers.more] : [],
    };
    expect(read({ uri, to, more }).called).toMatchObject({ how, subscriberId });
  });

  it('is told by To on a trunk of which that is the rule, whatever account it rings', () => {
    const headers = { uri: 'sip:0301234567@192.0.2.2', to: '<sip:0301234568@c>' };
    const { called } = read(headers, { dialedNumberFrom: 'to' });
    expect(called).toMatchObject({ how: 'trunk-rule', subscriberId: 'sub_ume' });
  });
});
