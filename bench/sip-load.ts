import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';

type Place = { address: string; port: number };

const RESEND_MS = 500;
const GIVE_UP_MS = 10_000;
/** `0900123` and four digits: numbers nobody has. */
const NUMBERS = 10_000;

/** One call, seen from both of its ends. Times on the clock of `performance.now()`. */
export type LoadCall = {
  readonly index: number;
  invitedAt: number;
  /** The operator's phone got its INVITE. */
  offeredAt: number;
  /** The operator's phone answered. */
  pickedUpAt: number;
  /** The caller got the 200. */
  answeredAt: number;
  hungUpAt: number;
  /** The caller's BYE was answered. */
  endedAt: number;
  /** The operator's phone got its BYE. */
  partedAt: number;
  /** Where the product wants the sound of each end. */
  callerMedia: Place | undefined;
  operatorMedia: Place | undefined;
  resent: number;
  failure: string | undefined;
};

export type SipLoadOptions = {
  target: Place;
  caller: Place;
  operator: Place;
  dialed: string;
  /** How long the operator's phone rings. */
  answerAfterMs: number;
  sound: { callerPort: number; operatorPort: number };
  onTalking: (call: LoadCall) => void;
};

/** Messages that wait for something and are sent again when it does not come (RFC 3261 §17, over UDP). */
type Waiting = { call: LoadCall; send: () => void; sentAt: number; since: number; what: string };

/**
 * Both ends of every call: the trunk's user agent and the operator's phone, in plain strings. No more of
 * SIP than these calls need, so that the load costs little; whatever has to be sent twice is counted.
 */
export class SipLoad {
  readonly calls: LoadCall[] = [];
  readonly #options: SipLoadOptions;
  readonly #run = Math.random().toString(36).slice(2, 8);
  readonly #caller: Socket;
  readonly #operator: Socket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #toBye = new Map<number, string>();
  readonly #byNumber = new Map<string, LoadCall>();
  readonly #operatorDialogs = new Map<string, { call: LoadCall; answer: string }>();
  #resender: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: SipLoadOptions) {
    this.#options = options;
    const open = (): Socket =>
      createSocket({
        type: 'udp4',
        lookup: (host, _options, done) => done(null, host, 4),
        recvBufferSize: 4_000_000,
      });
    this.#caller = open();
    this.#operator = open();
    this.#caller.on('message', (bytes) => this.#atCaller(bytes.toString('latin1')));
    this.#operator.on('message', (bytes, from) => this.#atOperator(bytes.toString('latin1'), from));
  }

  static async open(options: SipLoadOptions): Promise<SipLoad> {
    const load = new SipLoad(options);
    await Promise.all([
      bound(load.#caller, options.caller),
      bound(load.#operator, options.operator),
    ]);
    load.#resender = setInterval(() => load.#resend(), 100);
    return load;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#resender);
    await Promise.all(
      [this.#caller, this.#operator].map(
        (socket) => new Promise<void>((resolve) => socket.close(() => resolve())),
      ),
    );
  }

  /** Calls `count` times, `perSecond` of them a second on an absolute schedule. */
  async place(count: number, perSecond: number): Promise<void> {
    const startedAt = performance.now();
    for (let made = 0; made < count;) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
      for (; made < due; made++) this.#invite();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  hangUp(call: LoadCall): void {
    if (call.failure !== undefined || call.hungUpAt > 0) return;
    const bye = this.#toBye.get(call.index);
    this.#toBye.delete(call.index);
    if (bye === undefined) return;
    call.hungUpAt = performance.now();
    this.#sendWaiting(`bye ${call.index}`, call, () => this.#send(this.#caller, bye));
  }

  // ---- The trunk

  #invite(): void {
    const { dialed, caller, sound, target } = this.#options;
    const call = newCall(this.calls.length);
    this.calls.push(call);
    const number = callerNumber(call.index);
    this.#byNumber.set(number, call);
    const offer = sdp(caller.address, sound.callerPort);
    const invite = [
      `INVITE sip:${dialed}@${target.address}:${target.port} SIP/2.0`,
      ...this.#callerHead(call, 'i'),
      `To: <sip:${dialed}@${target.address}:${target.port}>`,
      'CSeq: 1 INVITE',
      `Contact: <sip:${number}@${caller.address}:${caller.port}>`,
      'Content-Type: application/sdp',
      `Content-Length: ${offer.length}`,
      '',
      offer,
    ].join('\r\n');
    call.invitedAt = performance.now();
    this.#sendWaiting(`invite ${call.index}`, call, () => this.#send(this.#caller, invite));
    this.#waitFor(`answer ${call.index}`, call);
  }

  #callerHead(call: LoadCall, branch: string): string[] {
    const { address, port } = this.#options.caller;
    const number = callerNumber(call.index);
    return [
      `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK-${this.#run}-${call.index}-${branch};rport`,
      'Max-Forwards: 70',
      `From: <sip:${number}@${address}:${port}>;tag=${this.#run}-${call.index}`,
      `Call-ID: ${this.#run}-${call.index}`,
    ];
  }

  #atCaller(message: string): void {
    const callId = header(message, 'Call-ID') ?? '';
    const call = this.calls[Number(callId.slice(this.#run.length + 1))];
    if (!call || !callId.startsWith(this.#run)) return;
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(message)?.[1] ?? 0);
    const cseq = header(message, 'CSeq') ?? '';
    if (cseq.endsWith('BYE')) {
      if (status >= 200) this.#waiting.delete(`bye ${call.index}`);
      if (status === 200) call.endedAt = performance.now();
    } else if (cseq.endsWith('INVITE')) {
      this.#waiting.delete(`invite ${call.index}`);
      if (status === 200) this.#answered(call, message);
      else if (status >= 300) this.#fail(call, `INVITE got ${status}`);
    } else if (status === 0) this.#fail(call, `the caller got ${message.slice(0, 20)}`);
  }

  #answered(call: LoadCall, message: string): void {
    const { target } = this.#options;
    this.#waiting.delete(`answer ${call.index}`);
    const to = header(message, 'To') ?? '';
    const contact = /<([^>]+)>/.exec(header(message, 'Contact') ?? '')?.[1];
    const uri = contact ?? `sip:${target.address}:${target.port}`;
    const request = (method: string, cseq: number): string =>
      [
        `${method} ${uri} SIP/2.0`,
        ...this.#callerHead(call, method),
        `To: ${to}`,
        `CSeq: ${cseq} ${method}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
    this.#send(this.#caller, request('ACK', 1));
    if (call.answeredAt > 0) return;
    call.answeredAt = performance.now();
    call.callerMedia = mediaOf(message);
    this.#toBye.set(call.index, request('BYE', 2));
    this.#options.onTalking(call);
  }

  // ---- The operator's phone

  #atOperator(message: string, from: Place): void {
    const callId = header(message, 'Call-ID') ?? '';
    const send = (answer: string): void => {
      if (this.#closed) return;
      this.#operator.send(Buffer.from(answer, 'latin1'), from.port, from.address, ignore);
    };
    if (message.startsWith('INVITE ')) this.#offered(callId, message, send);
    const dialog = this.#operatorDialogs.get(callId);
    if (!dialog) return;
    const { call } = dialog;
    if (message.startsWith('ACK ')) this.#waiting.delete(`ack ${call.index}`);
    else if (message.startsWith('BYE ')) {
      send(reply(message, '200 OK', call.index));
      if (call.partedAt === 0) call.partedAt = performance.now();
    } else if (message.startsWith('CANCEL ')) this.#fail(call, 'the phone got CANCEL');
  }

  #offered(callId: string, invite: string, send: (answer: string) => void): void {
    const known = this.#operatorDialogs.get(callId);
    if (known) {
      known.call.resent++;
      if (known.answer !== '') send(known.answer);
      return;
    }
    const number = /sip:(?:\+?81|0)(900123\d{4})@/.exec(header(invite, 'From') ?? '')?.[1] ?? '';
    const call = this.#byNumber.get(`0${number}`);
    if (!call) return;
    const dialog = { call, answer: '' };
    this.#operatorDialogs.set(callId, dialog);
    call.offeredAt = performance.now();
    call.operatorMedia = mediaOf(invite);
    send(reply(invite, '180 Ringing', call.index, this.#contact()));
    setTimeout(() => {
      const { operator, sound } = this.#options;
      call.pickedUpAt = performance.now();
      const body = sdp(operator.address, sound.operatorPort);
      dialog.answer = reply(invite, '200 OK', call.index, this.#contact(), body);
      this.#sendWaiting(`ack ${call.index}`, call, () => send(dialog.answer));
    }, this.#options.answerAfterMs);
  }

  #contact(): string {
    const { address, port } = this.#options.operator;
    return `Contact: <sip:operator@${address}:${port}>`;
  }

  // ---- What is waited for

  #send(socket: Socket, message: string): void {
    const { address, port } = this.#options.target;
    if (this.#closed) return;
    socket.send(Buffer.from(message, 'latin1'), port, address, ignore);
  }

  #sendWaiting(what: string, call: LoadCall, send: () => void): void {
    const now = performance.now();
    this.#waiting.set(what, { call, send, sentAt: now, since: now, what });
    send();
  }

  #waitFor(what: string, call: LoadCall): void {
    const now = performance.now();
    this.#waiting.set(what, { call, send: ignore, sentAt: Infinity, since: now, what });
  }

  #resend(): void {
    const now = performance.now();
    for (const waiting of this.#waiting.values()) {
      if (now - waiting.since > GIVE_UP_MS)
        this.#fail(waiting.call, `${waiting.what}: nothing came`);
      else if (now - waiting.sentAt > RESEND_MS) {
        waiting.sentAt = now;
        waiting.call.resent++;
        waiting.send();
      }
    }
  }

  #fail(call: LoadCall, why: string): void {
    call.failure ??= why;
    for (const what of ['invite', 'answer', 'ack', 'bye']) {
      this.#waiting.delete(`${what} ${call.index}`);
    }
  }
}

function newCall(index: number): LoadCall {
  return {
    index,
    invitedAt: 0,
    offeredAt: 0,
    pickedUpAt: 0,
    answeredAt: 0,
    hungUpAt: 0,
    endedAt: 0,
    partedAt: 0,
    callerMedia: undefined,
    operatorMedia: undefined,
    resent: 0,
    failure: undefined,
  };
}

function callerNumber(index: number): string {
  return `0900123${String(index % NUMBERS).padStart(4, '0')}`;
}

function header(message: string, name: string): string | undefined {
  const from = message.indexOf(`\r\n${name}: `);
  if (from < 0) return undefined;
  const start = from + name.length + 4;
  return message.slice(start, message.indexOf('\r\n', start));
}

function reply(
  request: string,
  status: string,
  tag: number,
  ...more: [contact?: string, body?: string]
): string {
  const [contact, body = ''] = more;
  const to = header(request, 'To') ?? '';
  const vias = [...request.matchAll(/^Via: .*$/gm)].map(([line]) => line.trim());
  return [
    `SIP/2.0 ${status}`,
    ...vias,
    `From: ${header(request, 'From') ?? ''}`,
    `To: ${to.includes(';tag=') ? to : `${to};tag=op-${tag}`}`,
    `Call-ID: ${header(request, 'Call-ID') ?? ''}`,
    `CSeq: ${header(request, 'CSeq') ?? ''}`,
    ...(contact === undefined ? [] : [contact]),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

function sdp(address: string, port: number): string {
  return [
    'v=0',
    `o=load 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=ptime:20',
    '',
  ].join('\r\n');
}

function mediaOf(message: string): Place {
  return {
    address: /^c=IN IP4 (\S+)/m.exec(message)?.[1] ?? '',
    port: Number(/^m=audio (\d+)/m.exec(message)?.[1] ?? 0),
  };
}

function bound(socket: Socket, { address, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port }, () => resolve());
  });
}

function ignore(): void {
  // A datagram that could not be sent is one that is sent again.
}
