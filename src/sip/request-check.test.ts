import { describe, expect, it } from 'vitest';
import {
  SipNetwork,
  countingRandom,
  nodeHash,
  parsed,
  peerAt,
} from '../../test/harness/sip-network.ts';
import { ManualClock } from '../base/index.ts';
import { DigestSession } from './digest-client.ts';
import { DigestServer } from './digest-server.ts';
import { computeHa1 } from './digest.ts';
import type { SipResponse } from './message.ts';
import type { SipListener } from './user-agent.ts';

const PEER = { ...peerAt(9), port: 5999 };

function ask(options: {
  method?: string;
  uri?: string;
  headers?: string[];
  body?: string;
  listener?: Partial<SipListener>;
  times?: number;
  branches?: string[];
}): SipResponse[] {
  const network = new SipNetwork();
  network.start(2, { onInvite: (invite) => invite.reject(486), ...options.listener });
  const method = options.method ?? 'OPTIONS';
  for (const branch of options.branches ?? ['one']) {
    const text = [
      `${method} ${options.uri ?? 'sip:192.0.2.2'} SIP/2.0`,
      `Via: SIP/2.0/UDP 10.0.0.1:5999;branch=z9hG4bK${branch};rport`,
      'From: <sip:a@example.com>;tag=a',
      'To: <sip:b@example.com>',
      'Call-ID: ask',
      `CSeq: 1 ${method}`,
      ...(options.headers ?? []),
      '',
      options.body ?? '',
    ].join('\r\n');
    network.deliver(text, PEER, peerAt(2));
    network.clock.advance(5);
  }
  return network.sent
    .filter(({ text, to }) => text.startsWith('SIP/2.0') && to.port === 5999)
    .map(({ text }) => parsed(text) as SipResponse)
    .filter(({ status }) => status !== 100);
}

const statuses = (responses: SipResponse[]): number[] => responses.map(({ status }) => status);

describe('a request outside dialogs', () => {
  it('OPTIONS is answered 200 with what we can do, even with Max-Forwards 0', () => {
    const [answer] = ask({ headers: ['Max-Forwards: 0'] });
    expect(answer?.status).toBe(200);
    expect(answer?.headers.tokens('Allow')).toContain('invite');
    expect(answer?.headers.get('Accept')).toBe('application/sdp');
  });

  it('an INVITE with Max-Forwards 0 is refused with 483', () => {
    expect(statuses(ask({ method: 'INVITE', headers: ['Max-Forwards: 0'] }))).toEqual([483]);
  });

  it('an unknown method is refused with 501, a known one we do not serve with 405 and Allow', () => {
    expect(statuses(ask({ method: 'DANCE' }))).toEqual([501]);
    const [refused] = ask({ method: 'SUBSCRIBE' });
    expect(refused?.status).toBe(405);
    expect(refused?.headers.get('Allow')).toContain('INVITE');
    expect(statuses(ask({ method: 'REGISTER' }))).toEqual([405]);
  });

  it('an extension we do not know is refused with 420 and named', () => {
    const [refused] = ask({ method: 'INVITE', headers: ['Require: 100rel, teleport'] });
    expect(refused?.status).toBe(420);
    expect(refused?.headers.tokens('Unsupported')).toEqual(['100rel', 'teleport']);
  });

  it('a body we cannot read is refused with 415 unless it is optional', () => {
    const headers = ['Content-Type: text/plain'];
    expect(statuses(ask({ method: 'INVITE', headers, body: 'hello' }))).toEqual([415]);
    const optional = [...headers, 'Content-Disposition: render;handling=optional'];
    expect(statuses(ask({ method: 'INVITE', headers: optional, body: 'hello' }))).toEqual([486]);
    const packed = ['Content-Type: application/sdp', 'Content-Encoding: gzip'];
    expect(statuses(ask({ method: 'INVITE', headers: packed, body: 'x' }))).toEqual([415]);
  });

  it('a Request-URI of a foreign scheme is refused with 416', () => {
    expect(statuses(ask({ uri: 'im:b@example.com' }))).toEqual([416]);
  });

  it('the same request over a second path is refused with 482', () => {
    const responses = ask({ method: 'INVITE', branches: ['one', 'two'] });
    expect(statuses(responses)).toEqual([486, 482]);
  });

  it('a repeated request is absorbed by its transaction and answered alike', () => {
    const responses = ask({ branches: ['one', 'one'] });
    expect(statuses(responses)).toEqual([200, 200]);
    expect(responses[0]?.headers.get('To')).toBe(responses[1]?.headers.get('To'));
  });

  it('a BYE without a dialog is refused with 481', () => {
    expect(statuses(ask({ method: 'BYE' }))).toEqual([481]);
  });

  it('a malformed request is answered 400 without a transaction and reported', () => {
    const issues: string[] = [];
    const responses = ask({
      headers: ['Content-Length: 99'],
      listener: { onMalformed: (issue) => issues.push(issue) },
    });
    expect(statuses(responses)).toEqual([400]);
    expect(issues).toEqual(['truncated-body']);
  });

  it('the response goes to the source of the request and names it (rport, received)', () => {
    const via = ask({})[0]?.headers.get('Via');
    expect(via).toContain('rport=5999');
    expect(via).toContain('received=192.0.2.9');
  });

  it('a listener that throws costs a 500, nothing else', () => {
    const bug = (): never => {
      throw new Error('bug');
    };
    const listener = { onInvite: bug, onRegister: bug, onOptions: bug };
    for (const method of ['INVITE', 'REGISTER', 'OPTIONS']) {
      expect(statuses(ask({ method, listener }))).toEqual([500]);
    }
  });

  it('more transactions than allowed are refused with 503 and Retry-After', () => {
    const network = new SipNetwork();
    network.start(2, {}, { maxTransactions: 1 });
    for (const id of ['a', 'b']) {
      const text = `OPTIONS sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK${id};rport\r\nFrom: <sip:a@b>;tag=${id}\r\nTo: <sip:b@b>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\n\r\n`;
      network.deliver(text, PEER, peerAt(2));
      network.clock.advance(5);
    }
    const last = parsed(network.sent.at(-1)?.text ?? '');
    expect(last).toMatchObject({ kind: 'response', status: 503 });
    expect(last.headers.get('Retry-After')).toBe('10');
  });

  it('a peer of RFC 2543 without magic cookie has its repeats absorbed too', () => {
    const network = new SipNetwork();
    let invites = 0;
    network.start(2, {
      onInvite: (invite) => {
        invites++;
        invite.provisional(180);
      },
    });
    const text =
      'INVITE sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5999\r\nFrom: <sip:a@b>\r\nTo: <sip:b@b>\r\nCall-ID: old\r\nCSeq: 1 INVITE\r\n\r\n';
    network.deliver(text, PEER, peerAt(2));
    network.clock.advance(5);
    network.deliver(text, PEER, peerAt(2));
    network.clock.advance(5);
    network.deliver(
      text.replaceAll('INVITE', 'CANCEL').replace('CANCEL sip', 'CANCEL sip'),
      PEER,
      peerAt(2),
    );
    network.clock.advance(5);
    expect(invites).toBe(1);
    expect(network.lines().slice(-3)).toEqual(['CANCEL', '200 CANCEL', '487 INVITE']);
  });
});

describe('digest in a conversation', () => {
  const account = { username: '1001', realm: 'example.com', password: 'very-secret' };

  function registrarNetwork(algorithms: ('MD5' | 'SHA-256')[]) {
    const network = new SipNetwork();
    const digest = new DigestServer({
      realm: account.realm,
      clock: network.clock,
      random: countingRandom(5),
      hash: nodeHash,
      algorithms,
    });
    network.start(2, {
      onRegister: (incoming) => {
        const verdict = digest.verify(incoming.request, (username, algorithm) =>
          username === account.username ? computeHa1(nodeHash, algorithm, account) : undefined,
        );
        if (verdict.ok) incoming.respond(200);
        else {
          incoming.respond(401, {
            headers: verdict.challenge.map((value) => ['WWW-Authenticate', value] as const),
          });
        }
      },
    });
    return { network, agent: network.start(1, {}) };
  }

  async function register(algorithms: ('MD5' | 'SHA-256')[], password: string) {
    const { network, agent } = registrarNetwork(algorithms);
    const pending = agent.request({
      method: 'REGISTER',
      uri: 'sip:example.com',
      destination: peerAt(2),
      from: { uri: 'sip:1001@example.com' },
      to: { uri: 'sip:1001@example.com' },
      digest: new DigestSession({ username: account.username, password }),
    });
    await network.pass(500);
    const outcome = await pending;
    return {
      status: outcome.kind === 'answered' ? outcome.response.status : 0,
      requests: network.lines(2),
      sent: network.sent,
    };
  }

  it('a challenge is answered by itself with the next CSeq, with SHA-256 and with MD5', async () => {
    for (const algorithm of ['SHA-256', 'MD5'] as const) {
      const { status, requests, sent } = await register([algorithm], account.password);
      expect(status).toBe(200);
      expect(requests).toEqual(['REGISTER', 'REGISTER']);
      const last = parsed(sent.filter(({ text }) => text.startsWith('REGISTER'))[1]!.text);
      expect(last.headers.get('CSeq')).toBe('2 REGISTER');
      expect(last.headers.get('Authorization')).toContain(`algorithm=${algorithm}`);
      expect(last.headers.get('Authorization')).not.toContain(account.password);
    }
  });

  it('a wrong password is tried once and then reported as refused', async () => {
    const { status, requests } = await register(['SHA-256', 'MD5'], 'wrong');
    expect(status).toBe(401);
    expect(requests).toHaveLength(2);
  });

  it('an INVITE is challenged, acknowledged, and sent again', async () => {
    const network = new SipNetwork();
    const digest = new DigestServer({
      realm: 'example.com',
      clock: new ManualClock(),
      random: countingRandom(3),
      hash: nodeHash,
    });
    network.start(2, {
      onInvite: (invite) => {
        const verdict = digest.verify(invite.request, (_, algorithm) =>
          computeHa1(nodeHash, algorithm, account),
        );
        if (verdict.ok) invite.accept();
        else {
          invite.reject(401, {
            headers: verdict.challenge.map((value) => ['WWW-Authenticate', value] as const),
          });
        }
      },
    });
    const agent = network.start(1, {});
    const seqs: number[] = [];
    const outgoing = agent.invite({
      uri: 'sip:b@192.0.2.2',
      destination: peerAt(2),
      from: { uri: 'sip:1001@example.com' },
      digest: new DigestSession(account),
      observer: {
        onAnswered: ({ dialog }) => {
          seqs.push(dialog.localSeq);
          outgoing.acknowledge();
        },
        onFailed: () => seqs.push(-1),
      },
    });
    await network.pass(500);
    expect(seqs).toEqual([2]);
    expect(network.lines(2)).toEqual(['INVITE', 'ACK', 'INVITE', 'ACK']);
  });
});
