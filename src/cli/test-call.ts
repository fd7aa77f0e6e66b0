import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { AppError, deferred, silentLogger } from '../base/index.ts';
import type { Clock, Deferred, Random, Timer } from '../base/index.ts';
import { offerAudio, readAudio } from '../media/index.ts';
import { SipUserAgent } from '../sip/index.ts';
import type { Address, DialogState, InviteFailure, OutgoingInvite, Peer } from '../sip/index.ts';
import type { Terminal } from './terminal.ts';
import { TestVoice } from './test-voice.ts';

export type TestCall = {
  /** As a caller would dial it. */
  number: string;
  from: string;
  /** Where SIP is listened to. */
  target: Address;
  /** Hangs up after so long. */
  talkSeconds: number;
  /** Gives up when nobody answers. */
  waitSeconds: number;
};

export type Means = { terminal: Terminal; clock: Clock; random: Random };

/** Without even a "100 Trying" by then the INVITE was dropped, or never arrived. */
const SILENCE_MS = 4_000;
const BYE_WAIT_MS = 2_000;

type End =
  | { how: 'silence' }
  | { how: 'failed'; failure: InviteFailure }
  | { how: 'they-hung-up' }
  | { how: 'time-is-up' };

/**
 * Places a call by SIP from this machine, lets beeps be heard, counts what comes back, and hangs
 * up. True when it was answered and sound came back.
 */
export async function placeTestCall(call: TestCall, means: Means): Promise<boolean> {
  const address = await ownAddressTowards(call.target);
  const sip = await openSocket(address);
  const voice = new TestVoice(await openSocket(address), means);
  const caller = new Caller({ ...means, call, address, sip, voice });
  const interrupt = (): void => caller.hangUp();
  process.once('SIGINT', interrupt);
  try {
    return await caller.run();
  } finally {
    process.off('SIGINT', interrupt);
    voice.close();
    sip.close();
  }
}

type CallerOptions = Means & {
  call: TestCall;
  address: string;
  sip: Socket;
  voice: TestVoice;
};

class Caller {
  readonly #options: CallerOptions;
  readonly #agent: SipUserAgent;
  readonly #ended: Deferred<End> = deferred();
  #invite: OutgoingInvite | null = null;
  #dialog: DialogState | null = null;
  #talk: Timer | null = null;
  #heardOf = false;
  readonly #startMs: number;

  constructor(options: CallerOptions) {
    this.#options = options;
    const { sip, address, voice, clock, random } = options;
    this.#startMs = clock.monotonic();
    this.#agent = new SipUserAgent({
      clock,
      random,
      hash: (algorithm, text) =>
        createHash(algorithm === 'md5' ? 'md5' : 'sha256')
          .update(text, 'latin1')
          .digest('hex'),
      log: silentLogger,
      transports: [
        {
          protocol: 'UDP',
          reliable: false,
          send: (message, to) => sip.send(Buffer.from(message, 'latin1'), to.port, to.address),
        },
      ],
      localContacts: { UDP: { address, port: sip.address().port } },
      userAgentName: 'denwaban-test-call',
      listener: {
        onInvite: (invite) => invite.reject(486),
        onInDialogRequest: (request) => {
          const isBye = request.method === 'BYE';
          request.respond(isBye ? 200 : 488);
          if (!isBye) return;
          this.#dialog = null;
          this.#ended.resolve({ how: 'they-hung-up' });
        },
      },
    });
    sip.on('message', (bytes, { address: from, port }) => {
      this.#heardOf = true;
      this.#agent.receive(bytes.toString('latin1'), { protocol: 'UDP', address: from, port });
    });
    sip.on('error', () => undefined);
    voice.start();
  }

  async run(): Promise<boolean> {
    const { call, terminal, clock } = this.#options;
    const { number, target, waitSeconds } = call;
    terminal.out(`Calling ${number} at ${target.address}:${target.port} …`);
    const silence = clock.setTimer(SILENCE_MS, () => {
      if (!this.#heardOf) this.#ended.resolve({ how: 'silence' });
    });
    const patience = clock.setTimer(waitSeconds * 1000, () => this.hangUp());
    this.#ring();
    const end = await this.#ended.promise;
    silence.cancel();
    patience.cancel();
    this.#talk?.cancel();
    await this.#bye();
    this.#agent.close();
    return this.#report(end);
  }

  /** Ends the call in whatever state it is. */
  hangUp(): void {
    if (this.#dialog === null) this.#invite?.cancel();
    else this.#ended.resolve({ how: 'time-is-up' });
  }

  #ring(): void {
    const { call, address, voice } = this.#options;
    const { number, from, target } = call;
    const user = encodeURIComponent(number.replace(/[^\d+*#]/g, ''));
    const destination: Peer = { protocol: 'UDP', ...target };
    this.#invite = this.#agent.invite({
      uri: `sip:${user}@${target.address}:${target.port}`,
      destination,
      from: { uri: `sip:${encodeURIComponent(from)}@${address}` },
      sdp: offerAudio({ address, port: voice.port, sessionId: '1', sessionVersion: 1 }),
      observer: {
        onProvisional: ({ response, sdp }) => {
          this.#say(`${response.status} ${response.reason}`);
          this.#listenTo(sdp);
        },
        onAnswered: ({ sdp, dialog }) => this.#answered(sdp, dialog),
        onFailed: (failure) => this.#ended.resolve({ how: 'failed', failure }),
      },
    });
  }

  #answered(sdp: string, dialog: DialogState): void {
    this.#dialog = dialog;
    this.#agent.adoptDialog(dialog);
    this.#invite?.acknowledge();
    this.#say('answered');
    this.#listenTo(sdp);
    const { call, clock } = this.#options;
    this.#talk = clock.setTimer(call.talkSeconds * 1000, () => this.hangUp());
  }

  #listenTo(sdp: string): void {
    const audio = sdp === '' ? null : readAudio(sdp);
    if (audio?.ok === true && audio.audio.remote) this.#options.voice.sendTo(audio.audio.remote);
  }

  async #bye(): Promise<void> {
    const { voice, clock } = this.#options;
    voice.stop();
    if (this.#dialog === null) return;
    const sent = this.#agent.prepareInDialog(this.#dialog, 'BYE').send();
    const timeout = deferred<undefined>();
    const timer = clock.setTimer(BYE_WAIT_MS, () => timeout.resolve(undefined));
    await Promise.race([sent, timeout.promise]);
    timer.cancel();
  }

  #say(what: string): void {
    const seconds = (this.#options.clock.monotonic() - this.#startMs) / 1000;
    this.#options.terminal.out(`  ${seconds.toFixed(1).padStart(5)} s  ${what}`);
  }

  #report(end: End): boolean {
    const { terminal, call, voice } = this.#options;
    if (end.how === 'silence') {
      const place = `UDP port ${call.target.port} of ${call.target.address}`;
      terminal.error(`Nothing answers on ${place}: is Denwaban running there? See "doctor".`);
      return false;
    }
    if (end.how === 'failed') {
      terminal.error(sentenceOf(end.failure, this.#options.address));
      return false;
    }
    this.#say(end.how === 'they-hung-up' ? 'they hung up' : 'hung up');
    const heard = voice.heardSeconds;
    if (heard > 0) {
      terminal.out(`Sound came back for ${heard.toFixed(1)} s.`);
      return true;
    }
    terminal.error('No sound came back: the RTP ports (DENWABAN_RTP_PORTS, UDP) must be open.');
    return false;
  }
}

function sentenceOf({ status, reason }: InviteFailure, address: string): string {
  if (status === 403) {
    return (
      `Refused (403): calls are taken from the addresses of trunks alone. A trunk must have ` +
      `${address}; examples/center.yaml has one for loopback.`
    );
  }
  if (reason === 'cancelled') return 'Nobody answered in time: is an operator taking calls?';
  if (reason === 'timeout') return 'The call was not answered at all.';
  if (status === 486) return 'Busy (486): no more calls are taken at this moment.';
  if (status === 503) return 'Not available (503): Denwaban is starting or stopping; try again.';
  return `The call was refused with ${status}.`;
}

/** The address this machine reaches the target from. */
async function ownAddressTowards({ address, port }: Address): Promise<string> {
  const socket = createSocket('udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(port, address);
    await connected;
    return socket.address().address;
  } catch (cause) {
    throw new AppError('cli.unreachable', `${address} cannot be reached from this machine.`, {
      cause,
    });
  } finally {
    socket.close();
  }
}

async function openSocket(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  const listening = once(socket, 'listening');
  socket.bind(0, address);
  await listening;
  return socket;
}
