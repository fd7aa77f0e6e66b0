import { expect, it } from 'vitest';
import { request } from '../../test/harness/sip-network.ts';
import { digitOfInfo } from './info-digit.ts';

it.each([
  ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
  ['Application/DTMF-Relay; x=1', 'Duration=160\nsignal = 11', '#'],
  ['application/dtmf', ' a ', 'A'],
  ['application/dtmf', '*', '*'],
  ['application/dtmf-relay', 'Signal=12', null],
  ['application/dtmf-relay', 'Signal=', null],
  ['application/media_control+xml', '1', null],
])('an INFO of %s %j is the key %s', (type, body, digit) => {
  const head = [
    'INFO sip:b@192.0.2.2 SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKi',
    'From: <sip:a@192.0.2.1>;tag=1',
    'To: <sip:b@192.0.2.2>;tag=2',
    'Call-ID: i',
    'CSeq: 2 INFO',
    `Content-Type: ${type}`,
  ];
  expect(digitOfInfo({ ...request(head), body })).toBe(digit);
});
