import type { CenterSpec } from '../contract/index.ts';

type Path = readonly (string | number)[];
export type BrokenReference = { path: Path; message: string };
type Named = { path: Path; name: string };

/** What the form of a file cannot say: names used twice, names of nothing, numbers that are none. */
export function checkReferences(spec: CenterSpec): BrokenReference[] {
  const { subscribers, operators, trunks } = spec;
  const idsOf = (list: readonly { id: string }[], ...path: (string | number)[]): Named[] =>
    list.map(({ id }, i) => ({ path: [...path, i, 'id'], name: id }));
  return [
    ...duplicates(idsOf(trunks, 'trunks')),
    ...duplicates(idsOf(subscribers, 'subscribers')),
    ...subscribers.flatMap((one, i) =>
      duplicates(idsOf(one.contacts, 'subscribers', i, 'contacts')),
    ),
    ...duplicates(idsOf(operators, 'operators')),
    ...duplicates(numbersOf(spec).map((named) => ({ ...named, name: digitsOf(named.name) }))),
    ...duplicates(emailsOf(spec)),
    ...duplicates(phoneNamesOf(spec)),
    ...[...numbersOf(spec), ...contactPhonesOf(spec)].filter(isNoNumber).map(({ path, name }) => ({
      path,
      message: `"${name}" is no telephone number: write 03-0123-4567 or +81301234567`,
    })),
    ...unknownContacts(spec),
  ];
}

function duplicates(named: readonly Named[]): BrokenReference[] {
  const seen = new Set<string>();
  return named.flatMap(({ path, name }) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [{ path, message: `"${name}" is there twice: each may be named once` }];
  });
}

function numbersOf({ subscribers }: CenterSpec): Named[] {
  return subscribers.flatMap(({ numbers }, i) =>
    numbers.map(({ number }, j) => {
      return { path: ['subscribers', i, 'numbers', j, 'number'], name: number };
    }),
  );
}

function contactPhonesOf({ subscribers }: CenterSpec): Named[] {
  return subscribers.flatMap(({ contacts }, i) =>
    contacts.flatMap(({ phone }, j): Named[] => {
      if (phone === null) return [];
      return [{ path: ['subscribers', i, 'contacts', j, 'phone'], name: phone }];
    }),
  );
}

function emailsOf({ subscribers, operators }: CenterSpec): Named[] {
  const members = subscribers.flatMap(({ members: list }, i) =>
    list.map(({ email }, j) => {
      return { path: ['subscribers', i, 'members', j, 'email'], name: email.toLowerCase() };
    }),
  );
  const staff = operators.flatMap(({ email }, i): Named[] => {
    if (email === undefined) return [];
    return [{ path: ['operators', i, 'email'], name: email.toLowerCase() }];
  });
  return [...members, ...staff];
}

function phoneNamesOf({ operators }: CenterSpec): Named[] {
  return operators.flatMap(({ device }, i): Named[] => {
    if (device.kind !== 'sip' || device.username === undefined) return [];
    return [{ path: ['operators', i, 'device', 'username'], name: device.username }];
  });
}

/** One number in its several spellings: `+81 3…` and `03-…` are the same. */
function digitsOf(number: string): string {
  return number
    .normalize('NFKC')
    .replace(/[^\d+]/g, '')
    .replace(/^\+81/, '0');
}

function isNoNumber({ name }: Named): boolean {
  const plain = name.normalize('NFKC');
  const digits = plain.replace(/\D/g, '').length;
  return !/^\+?[\d\s().\u002d\u2010-\u2015\u30fc]+$/u.test(plain) || digits < 3 || digits > 15;
}

function unknownContacts({ subscribers }: CenterSpec): BrokenReference[] {
  return subscribers.flatMap(({ id, contacts, mailRoutes }, i) => {
    const known = contacts.map((contact) => contact.id);
    return mailRoutes.flatMap(({ to }, j) =>
      to.flatMap((name, k): BrokenReference[] => {
        if (known.includes(name)) return [];
        const there = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
        const path = ['subscribers', i, 'mailRoutes', j, 'to', k];
        return [{ path, message: `"${name}" is no contact of ${id}: ${there}` }];
      }),
    );
  });
}
