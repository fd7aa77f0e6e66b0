import { NO_PARAMS, endOfQuoted, parseParams, parseUri, skipSpace, unquote } from './uri.ts';
import type { Params, Uri } from './uri.ts';

/** The value of From, To, Contact, Route, Diversion, P-Asserted-Identity …: `"Name" <uri>;params`. */
export type NameAddress = {
  /** Unquoted, one character per byte; `decodeUtf8` makes it readable. */
  displayName: string;
  uri: Uri;
  /** The URI exactly as it was written. */
  uriText: string;
  /** Parameters of the header, not of the URI. */
  params: Params;
};

/** Reads one name-addr or addr-spec with its header parameters; undefined when it is not one. */
export function parseNameAddress(value: string): NameAddress | undefined {
  const start = skipSpace(value, 0);
  let displayName = '';
  let open = start;
  if (value[start] === '"') {
    const close = endOfQuoted(value, start);
    if (close < 0) return undefined;
    displayName = unquote(value.slice(start, close));
    open = skipSpace(value, close);
    if (value[open] !== '<') return undefined;
  } else {
    open = value.indexOf('<', start);
    if (open < 0) return parseBareAddress(value.slice(start));
    displayName = value.slice(start, open).trim();
    if (displayName.includes('"')) return undefined;
  }
  const close = value.indexOf('>', open);
  if (close < 0) return undefined;
  const uriText = value.slice(open + 1, close).trim();
  const uri = parseUri(uriText);
  const params = parseParams(value, close + 1);
  return uri && params ? { displayName, uri, uriText, params } : undefined;
}

/** Without brackets, parameters belong to the header and `?` or `,` may not occur (§20.10). */
function parseBareAddress(value: string): NameAddress | undefined {
  const semicolon = value.indexOf(';');
  const uriText = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  if (uriText.includes('?') || uriText.includes(',')) return undefined;
  const uri = parseUri(uriText);
  const params = semicolon < 0 ? NO_PARAMS : parseParams(value, semicolon);
  return uri && params ? { displayName: '', uri, uriText, params } : undefined;
}

/** Splits a header value at the commas that stand outside quotes and angle brackets. */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return [value];
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 34) {
      const close = endOfQuoted(value, i);
      if (close < 0) break;
      i = close - 1;
    } else if (code === 60) depth++;
    else if (code === 62) depth = Math.max(0, depth - 1);
    else if (code === 44 && depth === 0) {
      parts.push(value.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts.filter((part) => part !== '');
}

/** `Name <uri>` for a header; the display name is Unicode text and is written as UTF-8 bytes. */
export function formatNameAddress(uriText: string, displayName = ''): string {
  if (displayName === '') return `<${uriText}>`;
  const escaped = encodeUtf8(displayName).replaceAll(/[\\"]/g, '\\$&');
  return `"${escaped}" <${uriText}>`;
}

/** Unicode text as its UTF-8 bytes, one character per byte: the form all messages have here. */
export function encodeUtf8(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
