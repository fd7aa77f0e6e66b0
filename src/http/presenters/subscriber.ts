import type { SubscriberView } from '../../contract/index.ts';
import type { Subscriber } from '../../subscribers/index.ts';
import { presentContact } from './desk.ts';
import type { CallWords } from './call.ts';

export function presentSubscriber(
  subscriber: Subscriber,
  words: CallWords,
  now: number,
): SubscriberView {
  const { id, name, kana, greeting, greetingKana, note, timeZone, relay } = subscriber;
  const { directory, numbers } = words;
  const dids = directory.didsOf(id).map(({ number, label }) => {
    return { number, formatted: numbers.format(number), label };
  });
  const contacts = directory.contactsOf(id).map((contact) => presentContact(contact, words, now));
  return { id, name, kana, greeting, greetingKana, note, timeZone, relay, dids, contacts };
}
