import { callingNumbers, calledNumbers, privacyOf } from '../sip/index.ts';
import type { NumberCandidate, SipRequest } from '../sip/index.ts';
import { identifyCaller, recogniseBrowserCall, recogniseCalled } from '../subscribers/index.ts';
import type {
  CalledParty,
  CallerIdentity,
  DidDirectory,
  NumberPlan,
  Trunk,
} from '../subscribers/index.ts';

/** From the places of an INVITE to the words of the domain: who was called, who calls. */
export class NumberReader {
  readonly #directory: DidDirectory;
  readonly #plan: NumberPlan;

  constructor(directory: DidDirectory, plan: NumberPlan) {
    this.#directory = directory;
    this.#plan = plan;
  }

  read(request: SipRequest, trunk: Trunk): { called: CalledParty; caller: CallerIdentity } {
    const places = calledNumbers(request, decodeUtf8);
    const textOf = (source: NumberCandidate['source']): string | null =>
      places.find((place) => place.source === source)?.text ?? null;
    const allOf = (source: NumberCandidate['source']): string[] =>
      places.filter((place) => place.source === source).map(({ text }) => text);
    const called = recogniseCalled(
      {
        requestUri: textOf('request-uri'),
        to: textOf('to'),
        pCalledPartyId: textOf('p-called-party-id'),
        diversion: allOf('diversion'),
        historyInfo: allOf('history-info'),
      },
      this.#directory,
      this.#plan,
      trunk.dialedNumberFrom,
    );
    return { called, caller: this.#callerOf(request, trunk) };
  }

  dialedInBrowser(dialed: string): CalledParty {
    return recogniseBrowserCall(dialed, this.#directory, this.#plan);
  }

  /** Null is a caller who withholds the number. */
  callerInBrowser(number: string | null): CallerIdentity {
    return identifyCaller(
      {
        from: number,
        fromDisplayName: number === null ? 'Anonymous' : null,
        pAssertedIdentity: [],
        privacy: null,
        trustAsserted: false,
        isPayphone: false,
      },
      this.#plan,
    );
  }

  #callerOf(request: SipRequest, trunk: Trunk): CallerIdentity {
    const places = callingNumbers(request, decodeUtf8);
    const from = places.find((place) => place.source === 'from');
    const asserted = places.filter(({ source }) => {
      return source === 'p-asserted-identity' || source === 'remote-party-id';
    });
    return identifyCaller(
      {
        from: from?.text ?? null,
        fromDisplayName: from?.displayName ?? null,
        pAssertedIdentity: asserted.map(({ text }) => text),
        privacy: privacyOf(request).join(';'),
        trustAsserted: trunk.trustAssertedIdentity,
        isPayphone: places.some(({ callingPartyCategory }) => callingPartyCategory === 'payphone'),
      },
      this.#plan,
    );
  }
}

const utf8 = new TextDecoder('utf-8');

/** One character per byte → text; broken bytes become U+FFFD. */
function decodeUtf8(latin1: string): string {
  return utf8.decode(Buffer.from(latin1, 'latin1'));
}
