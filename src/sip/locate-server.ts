import { assert } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { DEFAULT_PORT, hostAsAddress, isIpAddress } from './transport.ts';
import type { Peer, TransportProtocol } from './transport.ts';
import type { SipUri } from './uri.ts';

/** A DNS service record (RFC 2782). */
export type SrvRecord = { priority: number; weight: number; port: number; name: string };

/** A naming authority pointer (RFC 3403); of its regular expression SIP makes no use. */
export type NaptrRecord = {
  order: number;
  preference: number;
  service: string;
  replacement: string;
};

/** The DNS as it is asked. What is not there is an empty list; each question ends by itself. */
export interface NameLookup {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  addresses(host: string): Promise<readonly string[]>;
}

export type LocateOptions = {
  lookup: NameLookup;
  random: Random;
  /** The transports we speak, the preferred one first. */
  protocols: readonly TransportProtocol[];
};

const MAX_RECORDS = 16;
const MAX_PEERS = 16;

/** NAPTR services of the transports (RFC 3263 §4.1). */
const PROTOCOL_OF: Record<string, TransportProtocol> = { 'SIP+D2U': 'UDP', 'SIP+D2T': 'TCP' };

type Service = { protocol: TransportProtocol; name: string };

/**
 * RFC 3263 §4: where the server of a URI is, in the order in which its addresses are to be tried. A
 * port or a transport in the URI is obeyed; else NAPTR, then SRV, then the plain address decide.
 */
export async function locateServer(uri: SipUri, options: LocateOptions): Promise<Peer[]> {
  const { protocols } = options;
  const wanted = uri.params.get('transport')?.toUpperCase();
  const named = protocols.find((protocol) => protocol === wanted);
  if (wanted !== undefined && !named) return [];
  const fallback = named ?? (protocols.includes('UDP') ? 'UDP' : protocols[0]);
  if (!fallback) return [];
  const host = { name: uri.params.get('maddr') ?? uri.host, port: uri.port, protocol: fallback };
  if (isIpAddress(host.name) || uri.port !== undefined) return hostPeers(host, options.lookup);
  const services = named ? [serviceOf(named, host.name)] : await servicesOf(host.name, options);
  const found: Peer[] = [];
  for (const service of services) {
    if (found.length < MAX_PEERS) found.push(...(await servicePeers(service, options)));
  }
  return found.length > 0 ? found.slice(0, MAX_PEERS) : hostPeers(host, options.lookup);
}

/** §4.1: the services that the domain names, else those of each transport that we speak. */
async function servicesOf(name: string, { lookup, protocols }: LocateOptions): Promise<Service[]> {
  const records = (await lookup.naptr(name)).slice(0, MAX_RECORDS);
  const services = records
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference)
    .map(({ service, replacement }) => ({
      protocol: PROTOCOL_OF[service.toUpperCase()],
      name: replacement,
    }))
    .filter(
      (one): one is Service => one.protocol !== undefined && protocols.includes(one.protocol),
    );
  if (services.length > 0) return services;
  return protocols.map((protocol) => serviceOf(protocol, name));
}

function serviceOf(protocol: TransportProtocol, name: string): Service {
  return { protocol, name: `_sip._${protocol.toLowerCase()}.${name}` };
}

async function servicePeers(
  { protocol, name }: Service,
  { lookup, random }: LocateOptions,
): Promise<Peer[]> {
  const records = (await lookup.srv(name)).slice(0, MAX_RECORDS);
  const lists = await Promise.all(
    inSrvOrder(records, random)
      // RFC 2782: a target of "." says that the service is decidedly not there.
      .filter((record) => record.name !== '' && record.name !== '.')
      .map(({ name: host, port }) => hostPeers({ name: host, port, protocol }, lookup)),
  );
  return lists.flat();
}

/** RFC 2782: by priority; within one, drawn one after another with a chance by weight. */
export function inSrvOrder(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const rivals = left.filter(({ priority }) => priority === left[0]?.priority);
    const chosen = drawByWeight(rivals, random);
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}

function drawByWeight(rivals: readonly SrvRecord[], random: Random): SrvRecord {
  const total = rivals.reduce((sum, { weight }) => sum + weight, 0);
  const [high = 0, low = 0] = random.bytes(2);
  let rest = ((high * 256 + low) / 65_536) * total;
  const found = rivals.find(({ weight }) => (rest -= weight) < 0) ?? rivals.at(-1);
  assert(found, 'something is left to be drawn');
  return found;
}

async function hostPeers(
  host: { name: string; port: number | undefined; protocol: TransportProtocol },
  lookup: NameLookup,
): Promise<Peer[]> {
  const { name, protocol } = host;
  const port = host.port ?? DEFAULT_PORT[protocol];
  const addresses = isIpAddress(name) ? [hostAsAddress(name)] : await lookup.addresses(name);
  return addresses.slice(0, MAX_RECORDS).map((address) => ({ protocol, address, port }));
}
