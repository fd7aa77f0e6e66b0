import { splitList } from './name-address.ts';

const COMPACT: Record<string, string> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
};

/** Spellings that title case gets wrong, and the ones met in every message. */
const KNOWN = [
  'Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info',
  'Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language',
  'Content-Length Content-Type CSeq Date Diversion Error-Info Event Expires From History-Info',
  'In-Reply-To Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Asserted-Identity',
  'P-Called-Party-ID P-Preferred-Identity Path Priority Privacy Proxy-Authenticate',
  'Proxy-Authorization Proxy-Require RAck Reason Record-Route Refer-To Referred-By Replaces',
  'Reply-To Require Retry-After Route RSeq Server Service-Route Session-Expires Subject',
  'Subscription-State Supported Timestamp To Unsupported User-Agent Via Warning',
  'WWW-Authenticate',
].flatMap((line) => line.split(' '));

const CANONICAL = new Map<string, string>();
for (const name of KNOWN) {
  CANONICAL.set(name, name);
  CANONICAL.set(name.toLowerCase(), name);
}
for (const [letter, name] of Object.entries(COMPACT)) {
  CANONICAL.set(letter, name);
  CANONICAL.set(letter.toUpperCase(), name);
}

/** The one spelling under which a header is kept: `call-id`, `i`, `CALL-ID` → `Call-ID`. */
export function canonicalName(name: string): string {
  const known = CANONICAL.get(name) ?? CANONICAL.get(name.toLowerCase());
  if (known !== undefined) return known;
  return name.toLowerCase().replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/**
 * The headers of one message in their order. Names are case-insensitive and compact forms are
 * understood; unknown headers are kept. A value never holds a line break.
 */
export class SipHeaders {
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  #parsed: Map<string, unknown> | undefined;

  get size(): number {
    return this.#names.length;
  }

  /** Characters of `toText`, without making it. */
  get length(): number {
    let sum = 0;
    for (let i = 0; i < this.#names.length; i++) {
      sum += (this.#names[i]?.length ?? 0) + (this.#values[i]?.length ?? 0) + 4;
    }
    return sum;
  }

  has(name: string): boolean {
    return this.#names.includes(canonicalName(name));
  }

  /** The first line of this name. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(canonicalName(name));
    return index < 0 ? undefined : this.#values[index];
  }

  /** Every line of this name, as written. */
  lines(name: string): string[] {
    const wanted = canonicalName(name);
    return this.#values.filter((_, index) => this.#names[index] === wanted);
  }

  /** Every value of a list header, over all its lines, split at the commas. */
  list(name: string): string[] {
    return this.lines(name).flatMap(splitList);
  }

  /** The tokens of a list header in lower case (`Require`, `Supported`, `Allow`, `Privacy`). */
  tokens(name: string): string[] {
    return this.list(name).map((token) => token.toLowerCase());
  }

  /** A parsed view of the first line, kept until the headers change. */
  parsed<T>(name: string, parse: (value: string) => T | undefined): T | undefined {
    const known = this.#parsed?.get(name);
    if (known !== undefined) return known as T;
    const value = this.get(name);
    const result = value === undefined ? undefined : parse(value);
    if (result !== undefined) (this.#parsed ??= new Map()).set(name, result);
    return result;
  }

  add(name: string, value: string): this {
    this.#names.push(canonicalName(name));
    this.#values.push(withoutLineBreaks(value));
    this.#parsed = undefined;
    return this;
  }

  /** Puts the line before all others, as a new top Via must be. */
  prepend(name: string, value: string): this {
    this.#names.unshift(canonicalName(name));
    this.#values.unshift(withoutLineBreaks(value));
    this.#parsed = undefined;
    return this;
  }

  /** Replaces the first line of this name and drops the others; adds it when there was none. */
  set(name: string, value: string): this {
    const index = this.#names.indexOf(canonicalName(name));
    if (index < 0) return this.add(name, value);
    this.#values[index] = withoutLineBreaks(value);
    for (let i = this.#names.length - 1; i > index; i--) {
      if (this.#names[i] === this.#names[index]) this.#removeAt(i);
    }
    this.#parsed = undefined;
    return this;
  }

  /** Replaces only the first line of this name; the further ones stay (top Via). */
  replaceFirst(name: string, value: string): this {
    const index = this.#names.indexOf(canonicalName(name));
    if (index < 0) return this.add(name, value);
    this.#values[index] = withoutLineBreaks(value);
    this.#parsed = undefined;
    return this;
  }

  delete(name: string): this {
    const wanted = canonicalName(name);
    for (let i = this.#names.length - 1; i >= 0; i--) {
      if (this.#names[i] === wanted) this.#removeAt(i);
    }
    this.#parsed = undefined;
    return this;
  }

  /** Joins a folded line (§7.3.1) onto the last header. */
  extendLast(more: string): this {
    const last = this.#values.length - 1;
    if (last < 0) return this;
    this.#values[last] = `${this.#values[last] ?? ''} ${withoutLineBreaks(more)}`.trim();
    this.#parsed = undefined;
    return this;
  }

  /** Adds every line of these names that the other message has. */
  copyFrom(other: SipHeaders, ...names: string[]): this {
    for (const name of names) for (const line of other.lines(name)) this.add(name, line);
    return this;
  }

  /** Adds the first line of each of these names, '' where the other message has none. */
  copyFirst(other: SipHeaders, ...names: string[]): this {
    for (const name of names) this.add(name, other.get(name) ?? '');
    return this;
  }

  clone(): SipHeaders {
    const copy = new SipHeaders();
    for (const [name, value] of this.entries()) copy.add(name, value);
    return copy;
  }

  *entries(): Generator<[name: string, value: string]> {
    for (let i = 0; i < this.#names.length; i++) {
      yield [this.#names[i] ?? '', this.#values[i] ?? ''];
    }
  }

  /** The header section as it goes onto the wire, Content-Length left out. */
  toText(): string {
    let text = '';
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === 'Content-Length') continue;
      text += `${this.#names[i] ?? ''}: ${this.#values[i] ?? ''}\r\n`;
    }
    return text;
  }

  #removeAt(index: number): void {
    this.#names.splice(index, 1);
    this.#values.splice(index, 1);
  }
}

/** A value that came from outside must not be able to start a header of its own. */
function withoutLineBreaks(value: string): string {
  return value.includes('\r') || value.includes('\n') ? value.replaceAll(/[\r\n]+/g, ' ') : value;
}
