import { createTransport } from 'nodemailer';
import { isMailAddress, parseMailAddress, plainName } from '../mail.ts';
import type { MailChannel, OutgoingMail } from '../mail.ts';
import { faultText } from '../fault.ts';
import type { Outcome } from '../ports.ts';

export type SmtpOptions = {
  /** `smtp://user:password@host:587`, `smtps://…` */
  url: string;
  /** `電話番 <denwaban@example.jp>` */
  from: string;
  connectTimeoutMs?: number;
  greetingTimeoutMs?: number;
  /** Of silence. */
  socketTimeoutMs?: number;
};

/**
 * SMTP. Addresses are handed over as objects with an explicit envelope: in a string a comma or a
 * line break would make another receiver. One connection per mail.
 */
export function createSmtpChannel(options: SmtpOptions): MailChannel {
  const from = parseMailAddress(options.from) ?? { name: '', address: options.from };
  return {
    async send(mail, signal): Promise<Outcome> {
      if (!isMailAddress(mail.to.address)) {
        return { type: 'reject.destination', reason: faultText('bad-address') };
      }
      const conversation = new Conversation();
      const transport = createTransport({
        url: options.url,
        connectionTimeout: options.connectTimeoutMs ?? 10_000,
        greetingTimeout: options.greetingTimeoutMs ?? 10_000,
        socketTimeout: options.socketTimeoutMs ?? 30_000,
        transactionLog: true,
        logger: conversation.logger,
      });
      try {
        const info = await transport.sendMail({ ...partsOf(mail, from), signal });
        return { type: 'accepted', providerId: info.response.slice(0, 200) };
      } catch (thrown) {
        return classifySmtpError(thrown, conversation.dataBegun);
      } finally {
        transport.close();
      }
    },
  };
}

function partsOf(mail: OutgoingMail, from: { name: string; address: string }): object {
  return {
    from,
    to: { name: plainName(mail.to.name), address: mail.to.address },
    envelope: { from: from.address, to: [mail.to.address] },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    messageId: mail.messageId,
    references: mail.references,
    headers: {
      'Auto-Submitted': 'auto-generated',
      // Not "All": that would keep non-delivery reports away too.
      'X-Auto-Response-Suppress': 'OOF, AutoReply, RN, NRN',
    },
    textEncoding: 'base64',
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/**
 * Listens to the conversation for the one thing an error does not say: whether the text of the
 * mail was on its way (354, or all of it handed to the socket). From then on a lost connection may
 * hide a mail that was taken.
 */
class Conversation {
  dataBegun = false;
  readonly logger = {
    trace: ignore,
    debug: (entry: unknown, text: unknown): void => {
      const go = typeof text === 'string' && text.startsWith('354');
      if (go && kindOf(entry) === 'server') this.dataBegun = true;
    },
    info: (entry: unknown): void => {
      if (kindOf(entry) === 'message') this.dataBegun = true;
    },
    warn: ignore,
    error: ignore,
    fatal: ignore,
    level: ignore,
  };
}

function kindOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'tnx' in entry ? entry.tnx : undefined;
}

function ignore(): void {
  return undefined;
}

type SmtpError = { code: string; command: string; responseCode: number | null; text: string };

/** RFC 5321 §4.2.1: 4yz may be tried again, 5yz not. Without a reply the stage decides. */
function classifySmtpError(thrown: unknown, dataBegun: boolean): Outcome {
  const error = readError(thrown);
  if (error.code === 'EAUTH' && !isTemporary(error.responseCode)) {
    return {
      type: 'reject.account',
      reason: faultText('sign-in', error.text),
    };
  }
  if (error.responseCode !== null) return classifyReply(error, error.responseCode);
  if (error.code === 'EMESSAGE' || error.code === 'ESTREAM') {
    return { type: 'reject.message', reason: faultText('content', error.text) };
  }
  if (error.code === 'EENVELOPE')
    return { type: 'reject.destination', reason: faultText('destination', error.text) };
  if (dataBegun) {
    return { type: 'uncertain', reason: faultText('no-reply', error.text) };
  }
  return { type: 'retry', reason: faultText('unreachable', error.text) };
}

function classifyReply(error: SmtpError, code: number): Outcome {
  const reason = error.text;
  // 503 is a mistake in the order of commands, 552 a full mailbox: both pass.
  if (code < 500 || code === 503 || code === 552) {
    return { type: 'retry', reason: faultText('later', reason) };
  }
  if (code === 530 || code === 535 || error.command === 'MAIL FROM') {
    return {
      type: 'reject.account',
      reason: faultText('sender', reason),
    };
  }
  const enhanced = /\b5\.(\d)\.\d{1,3}\b/.exec(error.text)?.[1];
  const isDestination =
    enhanced === '1' || enhanced === '2' || (code === 550 && enhanced !== '6' && enhanced !== '7');
  return isDestination
    ? { type: 'reject.destination', reason: faultText('destination', reason) }
    : { type: 'reject.message', reason: faultText('content', reason) };
}

function isTemporary(code: number | null): boolean {
  return code !== null && code >= 400 && code < 500;
}

const MAX_REASON_LENGTH = 300;

function readError(thrown: unknown): SmtpError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const text = (name: string): string => {
    const value: unknown = name in error ? error[name as keyof Error] : undefined;
    return typeof value === 'string' ? value : '';
  };
  const responseCode: unknown = 'responseCode' in error ? error.responseCode : null;
  return {
    code: text('code'),
    command: text('command'),
    responseCode: typeof responseCode === 'number' ? responseCode : null,
    text: plainName(text('response') || error.message).slice(0, MAX_REASON_LENGTH),
  };
}
