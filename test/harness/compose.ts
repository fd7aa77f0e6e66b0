import { asId } from '../../src/base/index.ts';
import { createMailComposer } from '../../src/delivery/index.ts';
import type { ComposeMail } from '../../src/delivery/index.ts';
import type { Storage } from '../../src/storage/index.ts';

/** The product's mails, with numbers written as they are. */
export function composeForTest(storage: Storage): ComposeMail {
  return createMailComposer({
    messages: storage.messages,
    directory: storage.directory,
    calls: { callFacts: async () => null },
    plan: { toE164: (raw) => asId(raw), format: (number) => number, countryOf: () => null },
    timeZone: 'Asia/Tokyo',
    publicUrl: 'https://denwaban.example.jp',
    domain: 'office.example.jp',
  });
}
