import { isIP } from 'node:net';
import type { E164 } from '../base/index.ts';
import { parseUri } from '../sip/index.ts';
import type { OutboundSpec, TrunkSpec } from './center-spec.ts';
import type { TrunkRow } from './tables.ts';

type ParseNumber = (text: string) => E164 | null;
export type Say = (path: string, message: string) => void;

/** What is wrong with a declared trunk that its form alone does not show. */
export function checkTrunk(
  trunk: TrunkSpec,
  path: string,
  { parseNumber, say }: { parseNumber: ParseNumber; say: Say },
): void {
  const { addresses, mediaNetworks, register, outbound } = trunk;
  addresses.forEach((address, i) => checkNetwork(address, `${path}.addresses.${i}`, say));
  mediaNetworks.forEach((network, i) => checkNetwork(network, `${path}.mediaNetworks.${i}`, say));
  if (addresses.length === 0 && register === undefined && outbound === undefined) {
    say(path, 'needs addresses that calls come from, register, or outbound');
  }
  register?.registrars.forEach((uri, i) => {
    const parsed = parseUri(uri);
    if (parsed?.scheme === 'sip' && parsed.user === '' && parsed.host !== '') return;
    say(
      `${path}.register.registrars.${i}`,
      'is no registrar; write sip:carrier.example.jp or sip:192.0.2.1:5060',
    );
  });
  if (outbound === undefined) return;
  if (outbound.host === undefined && register === undefined) {
    say(`${path}.outbound`, 'needs host, because the trunk does not register');
  }
  const { from, fallbackNumber } = outbound.callerId;
  if (from === 'account' && register === undefined) {
    say(`${path}.outbound.callerId.from`, 'account needs register: there is no account otherwise');
  }
  if (fallbackNumber !== undefined && parseNumber(fallbackNumber) === null) {
    say(
      `${path}.outbound.callerId.fallbackNumber`,
      'is not a telephone number; write 03-0123-4567 or +81301234567',
    );
  }
}

function checkNetwork(text: string, path: string, say: Say): void {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  const bits = prefix === undefined ? 0 : Number(prefix);
  const right =
    family !== 0 &&
    rest.length === 0 &&
    (prefix === undefined || /^\d{1,3}$/.test(prefix)) &&
    bits <= (family === 4 ? 32 : 128);
  if (!right) say(path, 'is not an address or network; write 192.0.2.10 or 192.0.2.0/24');
}

/** What is stored of a declared trunk; the password is not in it. */
export function trunkColumns(
  trunk: TrunkSpec,
  parseNumber: ParseNumber,
): Omit<TrunkRow, 'id' | 'key'> {
  const { register, outbound } = trunk;
  return {
    name: trunk.name,
    addresses: trunk.addresses,
    media_networks: trunk.mediaNetworks,
    dialed_number_from: trunk.dialedNumberFrom,
    trust_asserted_identity: trunk.trustAssertedIdentity,
    register:
      register === undefined
        ? null
        : {
            registrars: register.registrars,
            username: register.username,
            domain: register.domain ?? null,
            authUser: register.authUser ?? null,
            transport: register.transport,
            expiresSeconds: register.expiresSeconds,
          },
    outbound: outbound === undefined ? null : outboundColumn(outbound, parseNumber),
    probe_seconds: trunk.probeSeconds ?? null,
    max_calls: trunk.maxCalls ?? null,
  };
}

function outboundColumn(outbound: OutboundSpec, parseNumber: ParseNumber): TrunkRow['outbound'] {
  const { host, port, transport, priority, callerId } = outbound;
  const { domain, fallbackNumber, ...rule } = callerId;
  return {
    host: host ?? null,
    port: port ?? null,
    transport,
    priority,
    callerId: {
      ...rule,
      domain: domain ?? null,
      fallbackNumber: fallbackNumber === undefined ? null : parseNumber(fallbackNumber),
    },
  };
}

/** The trunk as `apply` takes it; its password stays here. */
export function toTrunkSpec(row: TrunkRow): TrunkSpec {
  const { register, outbound } = row;
  return {
    id: row.key,
    name: row.name,
    addresses: row.addresses,
    mediaNetworks: row.media_networks,
    dialedNumberFrom: row.dialed_number_from,
    trustAssertedIdentity: row.trust_asserted_identity,
    ...(register !== null && { register: withoutNulls(register) }),
    ...(outbound !== null && {
      outbound: { ...withoutNulls(outbound), callerId: withoutNulls(outbound.callerId) },
    }),
    ...(row.probe_seconds !== null && { probeSeconds: row.probe_seconds }),
    ...(row.max_calls !== null && { maxCalls: row.max_calls }),
  };
}

type WithoutNulls<T> = {
  [K in keyof T]: null extends T[K] ? Exclude<T[K], null> | undefined : T[K];
};

function withoutNulls<T extends object>(value: T): WithoutNulls<T> {
  const there = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(there) as WithoutNulls<T>;
}
