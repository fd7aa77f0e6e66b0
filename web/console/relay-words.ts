import type { CallView, DeskView } from '../../src/contract/index.ts';

type Contact = DeskView['contacts'][number];
type Said = { company: string; name: string; phone: string; body: string };

/** The contacts that can be rung, in the order of the subscriber. */
export function reachable(contacts: readonly Contact[]): Contact[] {
  return contacts.filter(({ phone }) => phone !== null);
}

/** Who is rung by Enter: the marked ones in the order of marking, else the one under the bar. */
export function chosenIds(
  choices: readonly { id: string }[],
  marked: readonly string[],
  index: number,
): string[] {
  const known = marked.filter((id) => choices.some((choice) => choice.id === id));
  if (known.length > 0) return known;
  const under = choices[index];
  return under === undefined ? [] : [under.id];
}

/** How the caller is named to the contact: the keys of `console.relay.from`. */
export function callerKind({
  company,
  name,
  phone,
}: Said): 'person' | 'company' | 'name' | 'number' | 'nobody' {
  if (company.trim() !== '' && name.trim() !== '') return 'person';
  if (company.trim() !== '') return 'company';
  if (name.trim() !== '') return 'name';
  return phone.trim() === '' ? 'nobody' : 'number';
}

const REQUEST_LENGTH = 80;

/** The request as it is read out: one line, and no longer than a breath. */
export function requestText(body: string): string {
  const line = body
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replace(/[。.]$/, '')
    // 「…とのことです」 follows by itself.
    .replace(/との(?:こと|事)(?:です)?$/, '');
  return line.length <= REQUEST_LENGTH ? line : `${line.slice(0, REQUEST_LENGTH - 1)}…`;
}

/** Of her own people one speaks to a customer by the family name alone. */
export function familyName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? '';
}

/** The contact it is about now: on the line, rung, or the last one who was tried. */
export function concernedContact({
  contacts,
  relay,
}: Pick<CallView, 'contacts' | 'relay'>): string {
  const joined = contacts.find(({ state }) => state === 'joined');
  return (joined ?? contacts[0] ?? relay?.outcomes.at(-1))?.name ?? '';
}

/** Whose presence is told: of whom it is about now, else of the addressee, else of the first. */
export function presenceOf(
  { contacts, relay }: Pick<CallView, 'contacts' | 'relay'>,
  addressee: string,
  known: readonly Contact[],
): string | null {
  const joined = contacts.find(({ state }) => state === 'joined');
  const concerned = [joined, contacts[0], relay?.outcomes.at(-1)];
  const ids = [...concerned.map((one) => one?.contactId ?? null), addressee];
  return ids.find((id) => known.some((one) => one.id === id)) ?? known[0]?.id ?? null;
}

/** Not in, as far as is known now. */
export function awayNow(
  presence: Contact['presence'],
  now: number,
): 'out' | 'meeting' | 'off' | null {
  if (presence === null || (presence.until !== null && presence.until <= now)) return null;
  return presence.state === 'in' ? null : presence.state;
}
