import type { E164 } from '../base/index.ts';
import type { CenterIssue, CenterSpec, OperatorSpec, SubscriberSpec } from './center-spec.ts';
import { checkTrunk } from './center-trunk.ts';
import type { Say } from './center-trunk.ts';

export type ParseNumber = (text: string) => E164 | null;

/** What is wrong with a declared office that its form alone does not show. */
export function checkCenter(spec: CenterSpec, parseNumber: ParseNumber): CenterIssue[] {
  const issues: CenterIssue[] = [];
  const say = (path: string, message: string): void => void issues.push({ path, message });
  checkUnique(
    spec.trunks.map((trunk, i) => ({ value: trunk.id, path: `trunks.${i}.id` })),
    say,
  );
  checkUnique(
    spec.subscribers.map((subscriber, i) => ({
      value: subscriber.id,
      path: `subscribers.${i}.id`,
    })),
    say,
  );
  checkUnique(
    spec.operators.map((operator, i) => ({ value: operator.id, path: `operators.${i}.id` })),
    say,
  );
  spec.trunks.forEach((trunk, i) => checkTrunk(trunk, `trunks.${i}`, { parseNumber, say }));
  const numbers = spec.subscribers.flatMap((subscriber, i) =>
    subscriber.numbers.map(({ number }, j) => ({
      value: parseNumber(number),
      path: `subscribers.${i}.numbers.${j}.number`,
    })),
  );
  for (const { value, path } of numbers) {
    if (value === null) say(path, 'is not a telephone number; write 03-0123-4567 or +81301234567');
  }
  checkUnique(
    numbers.flatMap(({ value, path }) => (value === null ? [] : [{ value, path }])),
    say,
  );
  spec.subscribers.forEach((subscriber, i) => {
    checkSubscriber(subscriber, `subscribers.${i}`, { parseNumber, say });
  });
  checkOperators(spec.operators, { parseNumber, say });
  return issues;
}

function checkUnique(entries: { value: string; path: string }[], say: Say): void {
  const first = new Map<string, string>();
  for (const { value, path } of entries) {
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, path);
    else say(path, `${value} is there twice; it stands first at ${earlier}`);
  }
}

function checkSubscriber(
  subscriber: SubscriberSpec,
  path: string,
  { parseNumber, say }: { parseNumber: ParseNumber; say: Say },
): void {
  const contacts = new Set(subscriber.contacts.map((contact) => contact.id));
  checkUnique(
    subscriber.contacts.map((contact, i) => ({
      value: contact.id,
      path: `${path}.contacts.${i}.id`,
    })),
    say,
  );
  subscriber.contacts.forEach((contact, i) => {
    if (contact.phone !== null && parseNumber(contact.phone) === null) {
      say(`${path}.contacts.${i}.phone`, 'is not a telephone number; write 090-0123-4567');
    }
  });
  subscriber.mailRoutes.forEach((route, i) => {
    route.to.forEach((key, j) => {
      if (contacts.has(key)) return;
      say(
        `${path}.mailRoutes.${i}.to.${j}`,
        `${key} is none of this subscriber's contacts (${[...contacts].join(', ')})`,
      );
    });
  });
  if (!isTimeZone(subscriber.timeZone)) {
    say(`${path}.timeZone`, 'is not an IANA time zone such as Asia/Tokyo');
  }
}

function checkOperators(
  operators: OperatorSpec[],
  { parseNumber, say }: { parseNumber: ParseNumber; say: Say },
): void {
  const phones = operators.flatMap(({ device }, i) => {
    if (device.kind === 'number' && parseNumber(device.number) === null) {
      say(`operators.${i}.device.number`, 'is not a telephone number; write 090-0123-4567');
    }
    if (device.kind !== 'sip') return [];
    const path = `operators.${i}.device`;
    if ((device.username === undefined) === (device.uri === undefined)) {
      say(path, 'needs either username (with password) or uri');
    }
    return device.username === undefined
      ? []
      : [{ value: device.username, path: `${path}.username` }];
  });
  checkUnique(phones, say);
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
