import { Resolver, lookup } from 'node:dns/promises';
import type { Clock } from '../base/index.ts';
import type { NameLookup } from '../sip/index.ts';

/** A carrier's name that takes longer is not found this time. */
const PATIENCE_MS = 5_000;

/** The system's DNS for `locateServer`; addresses also from the hosts file. No answer is no record. */
export function systemNames(clock: Clock): NameLookup {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const asked = <T>(question: Promise<T[]>): Promise<T[]> =>
    new Promise((resolve) => {
      const timer = clock.setTimer(PATIENCE_MS, () => resolve([]));
      const answer = (records: T[]): void => {
        timer.cancel();
        resolve(records);
      };
      question.then(answer, () => answer([]));
    });
  return {
    naptr: (name) => asked(resolver.resolveNaptr(name)),
    srv: (name) => asked(resolver.resolveSrv(name)),
    addresses: async (host) => {
      const found = await asked(lookup(host, { family: 4, all: true }));
      return found.map(({ address }) => address);
    },
  };
}
