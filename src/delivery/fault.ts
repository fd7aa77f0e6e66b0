/** Why a report did not go out, for people to be told in their language. */
export const FAULT_CODES = [
  /** The mail server was not reached, or the connection broke before the mail was handed over. */
  'unreachable',
  /** The mail was handed over and nothing came back. */
  'no-reply',
  'later',
  'sign-in',
  'sender',
  'destination',
  'content',
  'bad-address',
  /** The contact has no address. */
  'no-address',
  /** The subscriber has no route for reports. */
  'no-route',
  'no-subscriber',
  'no-message',
  /** This program ended while the mail was under way. */
  'interrupted',
  'other',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** `detail`: the other side's own words, in whatever language; empty where there are none. */
export type Fault = { code: FaultCode; detail: string };

/** As it is stored beside an attempt: `destination: 550 no such user`. */
export function faultText(code: FaultCode, detail = ''): string {
  return detail === '' ? code : `${code}: ${detail}`;
}

/** What is stored, read back; words of an older program are the detail. */
export function readFault(text: string): Fault {
  const [code = '', ...rest] = text.split(': ');
  const known = FAULT_CODES.find((one) => one === code);
  return known === undefined
    ? { code: 'other', detail: text }
    : { code: known, detail: rest.join(': ') };
}
