import { describe, expect, it } from 'vitest';
import { request } from '../../test/harness/sip-network.ts';
import { calledNumbers, callingNumbers, privacyOf } from './number-in-uri.ts';
import { identityHeaders } from './outgoing-identity.ts';
import type { IdentityRule, OutgoingIdentity } from './outgoing-identity.ts';

const RULE: IdentityRule = {
  domain: 'carrier.example',
  account: null,
  assertedIdentity: true,
  passedOn: 'both',
};
const TARGET = 'sip:09001234567@carrier.example';
const of = (identity: Partial<OutgoingIdentity>, rule: Partial<IdentityRule> = {}) =>
  identityHeaders({ number: '0301234567', ...identity }, { ...RULE, ...rule }, TARGET);

/** The headers as the other side reads them. */
function read(identity: Partial<OutgoingIdentity>) {
  const { from, headers } = of(identity);
  const message = request([
    `INVITE ${TARGET} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKi',
    `From: <${from.uri}>;tag=1`,
    `To: <${TARGET}>`,
    'Call-ID: i',
    'CSeq: 1 INVITE',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]);
  const decode = (text: string): string => text;
  return {
    called: calledNumbers(message, decode),
    calling: callingNumbers(message, decode),
    privacy: privacyOf(message),
  };
}

describe('who calls, as a trunk is told', () => {
  it('stands in From and, for a trunk that trusts us, in P-Asserted-Identity', () => {
    const { from, headers } = of({ displayName: 'さくら法律事務所' });
    expect(from).toEqual({
      uri: 'sip:0301234567@carrier.example;user=phone',
      displayName: 'さくら法律事務所',
    });
    expect(headers.map(([name]) => name)).toEqual(['P-Asserted-Identity']);
    expect(of({}, { assertedIdentity: false }).headers).toEqual([]);
    expect(read({}).calling.map(({ text }) => text)).toEqual(['0301234567', '0301234567']);
  });

  it('stands in P-Asserted-Identity alone where From has to name the account', () => {
    const { from, headers } = of({}, { account: 'acct-7' });
    expect(from.uri).toBe('sip:acct-7@carrier.example');
    expect(headers).toEqual([
      ['P-Asserted-Identity', '<sip:0301234567@carrier.example;user=phone>'],
    ]);
  });

  it('is withheld from the called party by Privacy and an anonymous From', () => {
    const { from } = of({ isPrivate: true, displayName: 'さくら' });
    expect(from).toEqual({ uri: 'sip:anonymous@anonymous.invalid', displayName: 'Anonymous' });
    expect(read({ isPrivate: true }).privacy).toEqual(['id']);
  });

  it('comes with Diversion and History-Info when the call is passed on', () => {
    const passedOn = { number: '0301234568', reason: 'no-answer' } as const;
    const { called } = read({ passedOn });
    const [diversion] = called.filter(({ source }) => source === 'diversion');
    expect(diversion).toMatchObject({ text: '0301234568', reason: 'no-answer' });
    const history = called.filter(({ source }) => source === 'history-info');
    expect(history.map(({ text, index }) => `${index} ${text}`)).toEqual([
      '1 0301234568',
      '1.1 09001234567',
    ]);
    const lines = of({ passedOn, isPrivate: true }).headers.map(([, value]) => value);
    expect(lines).toContain(
      '<sip:0301234568@carrier.example;user=phone>;reason=no-answer;privacy=full;counter=1',
    );
    expect(lines).toContain('<sip:0301234568@carrier.example;user=phone?Privacy=history>;index=1');
    expect(lines).toContain(`<${TARGET};cause=408>;index=1.1;mp=1`);
    expect(of({ passedOn }, { passedOn: 'nowhere' }).headers).toHaveLength(1);
  });
});
