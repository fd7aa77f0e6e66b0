import { X509Certificate, createHash, timingSafeEqual, verify } from 'node:crypto';
import { CipherContext, DtlsServer } from 'werift-dtls/lib/dtls/src/index.js';
import { prfVerifyDataClient } from 'werift-dtls/lib/dtls/src/cipher/prf.js';
import { DtlsPlaintext } from 'werift-dtls/lib/dtls/src/record/message/plaintext.js';
import { toError } from '../base/index.ts';
import {
  CONTENT_TYPE,
  HandshakeOrder,
  readFragments,
  readRecords,
  writeHandshakeRecord,
} from './dtls-record.ts';
import type { DtlsRecord, HandshakeMessage } from './dtls-record.ts';
import type { SrtpMaster } from './srtp-keys.ts';
import type { Fingerprint } from './webrtc-sdp.ts';

const HANDSHAKE = {
  clientHello: 1,
  certificate: 11,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;
/** SRTP_AES128_CM_HMAC_SHA1_80 (RFC 5764 §4.1.2), which every browser offers. */
const SRTP_PROFILE = 1;
const ECDSA_SHA256 = { hash: 4, signature: 3 } as const;
const SIGNATURE_SCHEMES: ReadonlyMap<number, string> = new Map([
  [0x0401, 'rsa'],
  [0x0403, 'ec'],
]);
const ALERT_FATAL = 2;
const CLOSE_NOTIFY = 0;
/** Encrypted records that overtook the key exchange. */
const MAX_EARLY_RECORDS = 4;

export type DtlsCertificate = { certPem: string; keyPem: string; fingerprint: Fingerprint };

/** One ECDSA P-256 certificate for the life of the process, made up like a browser's own. */
export async function createDtlsCertificate(): Promise<DtlsCertificate> {
  const made = await CipherContext.createSelfSignedCertificateWithKey(ECDSA_SHA256);
  const der = new X509Certificate(made.certPem).raw;
  return { ...made, fingerprint: { hash: 'sha-256', value: fingerprintOf(der, 'sha-256') } };
}

function fingerprintOf(der: Buffer, hash: string): string {
  const digest = createHash(hash.replace('-', '')).update(der).digest('hex').toUpperCase();
  return digest.match(/../g)?.join(':') ?? '';
}

/** Both directions' SRTP keys: what we send with, what the browser sends with. */
export type SrtpMasters = { local: SrtpMaster; remote: SrtpMaster };

export type DtlsEvents = {
  send(bytes: Buffer): void;
  onKeys(keys: SrtpMasters): void;
  onFailed(cause: string): void;
  onClosed(): void;
};

type State = 'hello' | 'handshake' | 'proven' | 'connected' | 'over';

/**
 * The DTLS server side of one leg around werift-dtls.
 *
 * werift-dtls takes messages as they come and believes the peer's signature, its Finished and
 * any ClientHello after the handshake. So this class stands in front of it: it puts messages
 * together and in order, checks the certificate against the offer's fingerprint, CertificateVerify
 * and Finished, handles alerts, and lets no unencrypted record in once the peer is proven.
 */
export class DtlsSession {
  readonly #events: DtlsEvents;
  readonly #fingerprints: readonly Fingerprint[];
  readonly #server: DtlsServer;
  readonly #transport: WeriftTransport;
  readonly #order = new HandshakeOrder();
  readonly #early: DtlsRecord[] = [];
  #state: State = 'hello';
  #cookieSequence = -1;
  #isKeyed = false;

  constructor(
    certificate: DtlsCertificate,
    fingerprints: readonly Fingerprint[],
    events: DtlsEvents,
  ) {
    this.#events = events;
    this.#fingerprints = fingerprints;
    this.#transport = weriftTransport((bytes) => {
      if (this.#state !== 'over') events.send(bytes);
    });
    this.#server = new DtlsServer({
      transport: this.#transport,
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: ECDSA_SHA256,
      srtpProfiles: [SRTP_PROFILE],
      certificateRequest: true,
      extendedMasterSecret: true,
    });
    this.#server.onConnect.subscribe(() => this.#connected());
    this.#server.onError.subscribe((error) => this.#fail(toError(error).message));
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  /** A datagram from a checked pair. Never throws. */
  receive(datagram: Buffer): void {
    try {
      for (const record of readRecords(datagram)) {
        if (this.#state === 'over') return;
        this.#receiveRecord(record);
      }
    } catch (thrown) {
      this.#fail(toError(thrown).message);
    }
  }

  /** Tells the peer, if it can still be told, and stops every retransmission. */
  close(): void {
    if (this.#state === 'connected') {
      const server = this.#server;
      const header = {
        contentType: CONTENT_TYPE.alert,
        protocolVersion: server.dtls.version,
        epoch: 1,
        sequenceNumber: ++server.dtls.recordSequenceNumber,
        contentLen: 2,
      };
      const alert = new DtlsPlaintext(header, Buffer.from([1, CLOSE_NOTIFY]));
      this.#events.send(server.cipher.encryptPacket(alert).serialize());
    }
    this.#end();
  }

  #end(): void {
    this.#state = 'over';
    // werift-dtls repeats a flight until it sees the next one begin.
    this.#server.dtls.flight = Number.MAX_SAFE_INTEGER;
  }

  #fail(cause: string): void {
    if (this.#state === 'over') return;
    this.#end();
    this.#events.onFailed(cause);
  }

  #receiveRecord(record: DtlsRecord): void {
    if (record.epoch > 0) {
      if (this.#state === 'hello' || this.#state === 'handshake') this.#keepEarly(record);
      else this.#receiveEncrypted(record);
      return;
    }
    // RFC 6347 §4.1: nothing of epoch 0 is meant for a finished handshake; it may be forged.
    if (this.#state === 'proven' || this.#state === 'connected') return;
    if (record.type === CONTENT_TYPE.alert && record.fragment[0] === ALERT_FATAL) {
      this.#fail(`the browser sent alert ${record.fragment[1] ?? 0}`);
    } else if (record.type === CONTENT_TYPE.handshake) {
      for (const fragment of readFragments(record.fragment)) {
        if (fragment.type === HANDSHAKE.clientHello) this.#restartAt(fragment.sequence);
        this.#order.add(fragment);
      }
      this.#feedInOrder();
    }
  }

  #keepEarly(record: DtlsRecord): void {
    if (this.#early.length < MAX_EARLY_RECORDS) {
      this.#early.push({ ...record, bytes: Buffer.from(record.bytes) });
    }
  }

  /**
   * A ClientHello may be repeated until the browser answers ours; then only the one with the cookie
   * (its repetition asks for our flight again), never an older one, which would start anew.
   */
  #restartAt(sequence: number): void {
    const repeatsCookie = this.#state === 'handshake' && sequence === this.#cookieSequence;
    if (this.#state === 'hello' || repeatsCookie) this.#order.startAt(sequence);
  }

  #feedInOrder(): void {
    for (;;) {
      const message = this.#order.take();
      if (!message || this.#state === 'over') return;
      if (message.type === HANDSHAKE.clientHello) this.#passHello(message);
      else if (this.#state === 'handshake') this.#passFlight5(message);
    }
  }

  #passHello(message: HandshakeMessage): void {
    if (hasCookie(message.body)) {
      this.#state = 'handshake';
      this.#cookieSequence = message.sequence;
    }
    this.#feed(message);
  }

  #passFlight5(message: HandshakeMessage): void {
    switch (message.type) {
      case HANDSHAKE.certificate:
        this.#cookieSequence = -1;
        this.#feed(message);
        if (!this.#isCertificateOffered()) this.#fail('certificate is not the one of the offer');
        return;
      case HANDSHAKE.clientKeyExchange:
        this.#feed(message);
        this.#isKeyed = true;
        return;
      case HANDSHAKE.certificateVerify:
        this.#passCertificateVerify(message);
        return;
      default:
        this.#fail(`handshake message ${message.type} out of place`);
    }
  }

  #feed(message: HandshakeMessage): void {
    this.#transport.onData(writeHandshakeRecord(message));
  }

  #isCertificateOffered(): boolean {
    const der = this.#server.remoteCertificate;
    if (!der) return false;
    return this.#fingerprints.some(({ hash, value }) => fingerprintOf(der, hash) === value);
  }

  /** RFC 5246 §7.4.8: the peer owns the key of its certificate. */
  #passCertificateVerify(message: HandshakeMessage): void {
    const der = this.#server.remoteCertificate;
    const transcript = this.#transcript();
    const keyType = SIGNATURE_SCHEMES.get(message.body.readUInt16BE(0));
    const signature = message.body.subarray(4, 4 + message.body.readUInt16BE(2));
    if (!der || !this.#isKeyed) {
      this.#fail('CertificateVerify before the key exchange');
      return;
    }
    const { publicKey } = new X509Certificate(der);
    const genuine =
      publicKey.asymmetricKeyType === keyType && verify('sha256', transcript, publicKey, signature);
    if (!genuine) {
      this.#fail('the browser does not own its certificate');
      return;
    }
    this.#feed(message);
    this.#state = 'proven';
    for (const record of this.#early.splice(0)) this.#receiveEncrypted(record);
  }

  #transcript(): Buffer {
    return Buffer.concat(this.#server.dtls.sortedHandshakeCache.map((part) => part.serialize()));
  }

  #receiveEncrypted(record: DtlsRecord): void {
    const clear = this.#decrypt(record);
    if (!clear) return;
    if (record.type === CONTENT_TYPE.alert) {
      if (clear[0] === ALERT_FATAL || clear[1] === CLOSE_NOTIFY) {
        this.#end();
        this.#events.onClosed();
      }
    } else if (record.type === CONTENT_TYPE.handshake && clear[0] === HANDSHAKE.finished) {
      // Repeated when our own Finished was lost: werift-dtls then repeats its last flight.
      if (this.#state === 'proven' && !this.#isFinishedRight(clear)) this.#fail('wrong Finished');
      else this.#transport.onData(record.bytes);
    }
  }

  /** A record that does not decrypt is dropped silently (RFC 6347 §4.1.2.7). */
  #decrypt(record: DtlsRecord): Buffer | undefined {
    try {
      return this.#server.cipher.decryptPacket(DtlsPlaintext.deSerialize(record.bytes));
    } catch {
      return undefined;
    }
  }

  /** RFC 5246 §7.4.9: both sides saw the same handshake. */
  #isFinishedRight(clear: Buffer): boolean {
    const given = clear.subarray(12);
    const expected = prfVerifyDataClient(this.#server.cipher.masterSecret, this.#transcript());
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #connected(): void {
    if (this.#state !== 'proven') return;
    if (this.#server.srtp.srtpProfile !== SRTP_PROFILE) {
      this.#fail('no SRTP profile in common');
      return;
    }
    this.#state = 'connected';
    const keys = this.#server.extractSessionKeys(16, 14) as Record<string, Buffer>;
    const master = (key: string, salt: string): SrtpMaster => ({
      key: Uint8Array.from(keys[key] ?? []),
      salt: Uint8Array.from(keys[salt] ?? []),
    });
    this.#events.onKeys({
      local: master('localKey', 'localSalt'),
      remote: master('remoteKey', 'remoteSalt'),
    });
  }
}

/** RFC 6347 §4.2.1: version (2), random (32), session id, cookie. */
function hasCookie(clientHello: Buffer): boolean {
  const cookieAt = 34 + 1 + (clientHello[34] ?? 0);
  return (clientHello[cookieAt] ?? 0) > 0;
}

type WeriftTransport = ConstructorParameters<typeof DtlsServer>[0]['transport'] & {
  onData: (bytes: Buffer) => void;
};

function weriftTransport(send: (bytes: Buffer) => void): WeriftTransport {
  return {
    type: 'udp',
    address: { address: '', family: 'IPv4', port: 0 },
    closed: false,
    onData: () => undefined,
    send: (bytes) => {
      send(bytes);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
