import { describe, expect, it } from 'vitest';
import { countingRandom } from '../../test/harness/sip-network.ts';
import { inSrvOrder, locateServer } from './locate-server.ts';
import type { NaptrRecord, SrvRecord } from './locate-server.ts';
import { parseSipOnly } from './uri.ts';

type Zone = {
  naptr?: Record<string, NaptrRecord[]>;
  srv?: Record<string, SrvRecord[]>;
  a?: Record<string, string[]>;
};

async function located(text: string, zone: Zone): Promise<string[]> {
  const uri = parseSipOnly(text);
  if (!uri) throw new Error(text);
  const peers = await locateServer(uri, {
    lookup: {
      naptr: (name) => Promise.resolve(zone.naptr?.[name] ?? []),
      srv: (name) => Promise.resolve(zone.srv?.[name] ?? []),
      addresses: (host) => Promise.resolve(zone.a?.[host] ?? []),
    },
    random: countingRandom(),
    protocols: ['UDP', 'TCP'],
  });
  return peers.map(({ protocol, address, port }) => `${protocol} ${address}:${port}`);
}

const A = { 'one.example': ['192.0.2.1'], 'two.example': ['192.0.2.2', '192.0.2.3'] };
const srv = (priority: number, name: string, port = 5060): SrvRecord => ({
  priority,
  weight: 1,
  name,
  port,
});

describe('the server of a URI', () => {
  it('is the address itself, over the transport that is named', async () => {
    expect(await located('sip:192.0.2.9', {})).toEqual(['UDP 192.0.2.9:5060']);
    expect(await located('sip:192.0.2.9:5080;transport=tcp', {})).toEqual(['TCP 192.0.2.9:5080']);
    expect(await located('sip:[2001:db8::1]', {})).toEqual(['UDP 2001:db8::1:5060']);
    expect(await located('sip:192.0.2.9;transport=sctp', {})).toEqual([]);
  });

  it('with a port is looked up by its address alone', async () => {
    const zone = { a: A, srv: { '_sip._udp.two.example': [srv(1, 'one.example')] } };
    expect(await located('sip:two.example:5070', zone)).toEqual([
      'UDP 192.0.2.2:5070',
      'UDP 192.0.2.3:5070',
    ]);
  });

  it('is named by NAPTR, then SRV, in their order', async () => {
    const zone: Zone = {
      naptr: {
        'carrier.example': [
          {
            order: 20,
            preference: 1,
            service: 'SIP+D2U',
            replacement: '_sip._udp.carrier.example',
          },
          {
            order: 10,
            preference: 5,
            service: 'sip+d2t',
            replacement: '_sip._tcp.carrier.example',
          },
          {
            order: 1,
            preference: 1,
            service: 'SIPS+D2T',
            replacement: '_sips._tcp.carrier.example',
          },
        ],
      },
      srv: {
        '_sip._tcp.carrier.example': [srv(2, 'two.example'), srv(1, 'one.example', 5062)],
        '_sip._udp.carrier.example': [srv(1, 'one.example')],
      },
      a: A,
    };
    expect(await located('sip:carrier.example', zone)).toEqual([
      'TCP 192.0.2.1:5062',
      'TCP 192.0.2.2:5060',
      'TCP 192.0.2.3:5060',
      'UDP 192.0.2.1:5060',
    ]);
    expect(await located('sip:carrier.example;transport=udp', zone)).toEqual([
      'UDP 192.0.2.1:5060',
    ]);
  });

  it('falls back from NAPTR to SRV and from SRV to the plain address', async () => {
    const zone = { a: A, srv: { '_sip._tcp.two.example': [srv(1, 'one.example')] } };
    expect(await located('sip:two.example', zone)).toEqual(['TCP 192.0.2.1:5060']);
    expect(await located('sip:one.example', { a: A })).toEqual(['UDP 192.0.2.1:5060']);
    const closed = { a: A, srv: { '_sip._udp.one.example': [srv(0, '.')] } };
    expect(await located('sip:one.example;transport=udp', closed)).toEqual(['UDP 192.0.2.1:5060']);
    expect(await located('sip:nobody.example', {})).toEqual([]);
  });

  it('is drawn by weight among equals', () => {
    const random = countingRandom();
    const [light, heavy, later] = [
      srv(1, 'light'),
      { ...srv(1, 'heavy'), weight: 9 },
      srv(2, 'later'),
    ];
    const orders = Array.from({ length: 400 }, () =>
      inSrvOrder([light, later, heavy], random).map(({ name }) => name),
    );
    const heavyFirst = orders.filter(([first]) => first === 'heavy').length;
    expect(heavyFirst).toBeGreaterThan(300);
    expect(heavyFirst).toBeLessThan(400);
    expect(orders.every((order) => order.length === 3 && order[2] === 'later')).toBe(true);
  });

  it('has a bounded number of addresses, whatever the DNS says', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => srv(index, 'one.example', 1 + index));
    const zone = { a: A, srv: { '_sip._udp.big.example': many } };
    expect(await located('sip:big.example', zone)).toHaveLength(16);
  });
});
