import { NO_PARAMS, formatParams, parseHostPort, parseParams, skipSpace } from './uri.ts';
import type { Params } from './uri.ts';

/** One Via value (RFC 3261 §20.42). */
export type Via = {
  /** Upper case as a rule: `UDP`, `TCP`, `TLS`, `WS`; unknown ones are kept. */
  transport: string;
  host: string;
  port?: number;
  params: Params;
};

/** Reads one Via value: `SIP/2.0/UDP host:port;branch=…`, white space around `/` and `:` allowed. */
export function parseVia(value: string): Via | undefined {
  const firstSlash = value.indexOf('/');
  const secondSlash = value.indexOf('/', firstSlash + 1);
  if (firstSlash < 0 || secondSlash < 0) return undefined;
  if (value.slice(0, firstSlash).trim().toUpperCase() !== 'SIP') return undefined;
  if (value.slice(firstSlash + 1, secondSlash).trim() !== '2.0') return undefined;
  const transportStart = skipSpace(value, secondSlash + 1);
  let transportEnd = transportStart;
  while (transportEnd < value.length && !' \t'.includes(value.charAt(transportEnd))) transportEnd++;
  const transport = value.slice(transportStart, transportEnd).toUpperCase();
  const semicolon = value.indexOf(';', transportEnd);
  const sentBy = value.slice(transportEnd, semicolon < 0 ? undefined : semicolon);
  const hostPort = parseHostPort(sentBy.replaceAll(/[ \t]/g, ''));
  const params = semicolon < 0 ? NO_PARAMS : parseParams(value, semicolon);
  if (transport === '' || !hostPort || !params) return undefined;
  return { transport, ...hostPort, params };
}

export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${formatParams(via.params)}`;
}

/** Branches that begin with it are unique and identify a transaction (§8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';
