import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../base/index.ts';
import { freePort, testSmtp } from '../../../test/harness/smtp.ts';
import type { TestSmtp } from '../../../test/harness/smtp.ts';
import type { OutgoingMail } from '../mail.ts';
import type { Outcome } from '../ports.ts';
import { createSmtpChannel } from './mail-channel.ts';
import type { SmtpOptions } from './mail-channel.ts';

let smtp: TestSmtp;
beforeEach(async () => {
  smtp = await testSmtp();
});
afterEach(async () => {
  await smtp.close();
});

const mail: OutgoingMail = {
  deliveryId: asId('dlv_1'),
  attempt: 1,
  to: { name: '山田 太郎', address: 'yamada@example.jp' },
  subject: '【折返し希望】髙島㈱ 佐藤様 → 山田様',
  text: '髙島㈱ ☎ 😀\n.\nend',
  html: '<p>髙島㈱ ☎ 😀</p>',
  messageId: '<dlv_1@office.example.jp>',
  references: '<call_1@office.example.jp>',
};
const never = new AbortController().signal;

function send(
  change: Partial<OutgoingMail> = {},
  options: Partial<SmtpOptions> = {},
): Promise<Outcome> {
  const channel = createSmtpChannel({
    url: smtp.url,
    from: '電話番 <denwaban@example.jp>',
    socketTimeoutMs: 300,
    ...options,
  });
  return channel.send({ ...mail, ...change }, never);
}

describe('a mail over SMTP', () => {
  it('arrives as it was written, in UTF-8, with a stable Message-ID', async () => {
    expect(await send()).toMatchObject({ type: 'accepted' });
    const [received] = smtp.received;
    expect(received).toMatchObject({ from: 'denwaban@example.jp', to: ['yamada@example.jp'] });
    expect(received?.mail.subject).toBe(mail.subject);
    expect(received?.mail.text?.trim()).toBe(mail.text);
    expect(received?.mail.html).toContain('髙島㈱ ☎ 😀');
    expect(received?.mail.messageId).toBe(mail.messageId);
    expect(received?.mail.references).toBe(mail.references);
    expect(received?.mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(received?.mail.headers.get('x-auto-response-suppress')).toBe('OOF, AutoReply, RN, NRN');
    expect(received?.raw).toContain('multipart/alternative');
    expect(received?.raw.split('\r\n').every((line) => line.length <= 200)).toBe(true);
  });

  it('goes to the receiver alone, whatever stands in names and subject', async () => {
    const evil = 'x\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<a@b>';
    const outcome = await send({ subject: evil, to: { name: evil, address: 'yamada@example.jp' } });
    expect(outcome.type).toBe('accepted');
    expect(smtp.received).toHaveLength(1);
    expect(smtp.received[0]?.to).toEqual(['yamada@example.jp']);
    expect(smtp.received[0]?.mail.headers.has('bcc')).toBe(false);
  });

  it.each(['a@example.jp, b@example.jp', 'a@example.jp\r\nRCPT TO:<b@example.jp>', ''])(
    'is not sent at all to %j',
    async (address) => {
      const outcome = await send({ to: { name: '', address } });
      expect(outcome.type).toBe('reject.destination');
      expect(smtp.received).toEqual([]);
    },
  );

  it('reads no file and no address of the network that a message names', async () => {
    const outcome = await send({ html: '<img src="file:///etc/passwd">' });
    expect(outcome.type).toBe('accepted');
    expect(smtp.received[0]?.raw).not.toContain('root:');
  });
});

describe('what the server says', () => {
  it.each<[number, string, Outcome['type']]>([
    [451, 'try later', 'retry'],
    [421, 'closing', 'retry'],
    [552, '5.2.2 mailbox full', 'retry'],
    [550, 'no such user', 'reject.destination'],
    [550, '5.1.1 unknown', 'reject.destination'],
    [550, '5.7.1 looks like spam', 'reject.message'],
    [554, 'refused', 'reject.message'],
  ])('%i %s after the mail is %s', async (code, text, expected) => {
    smtp.behaviour = { code, text };
    expect(await send()).toMatchObject({
      type: expected,
      reason: expect.stringContaining(text) as string,
    });
  });

  it.each<[number, Outcome['type']]>([
    [450, 'retry'],
    [550, 'reject.destination'],
    [553, 'reject.message'],
  ])('%i to the receiver is %s', async (code, expected) => {
    await smtp.close();
    smtp = await testSmtp({
      onRcptTo(_address, _session, done) {
        done(Object.assign(new Error('no'), { responseCode: code }));
      },
    });
    expect((await send()).type).toBe(expected);
  });

  it('refuses the sender or the sign-in: the account is at fault, not the message', async () => {
    await smtp.close();
    smtp = await testSmtp({
      onMailFrom(_address, _session, done) {
        done(Object.assign(new Error('not you'), { responseCode: 550 }));
      },
      onAuth(auth, _session, done) {
        const code = auth.username === 'busy' ? 454 : 535;
        done(Object.assign(new Error('no'), { responseCode: code }));
      },
    });
    expect((await send()).type).toBe('reject.account');
    const as = (user: string): string => smtp.url.replace('//', `//${user}:secret@`);
    const refused = await send({}, { url: as('user') });
    expect(refused.type).toBe('reject.account');
    expect(JSON.stringify(refused)).not.toContain('secret');
    expect((await send({}, { url: as('busy') })).type).toBe('retry');
  });
});

describe('what the server does not say', () => {
  it('is uncertain when it hangs after DATA', async () => {
    smtp.behaviour = 'hang';
    expect((await send()).type).toBe('uncertain');
    expect(smtp.received).toHaveLength(1);
  });

  it('is uncertain when it resets after the final dot', async () => {
    smtp.behaviour = 'reset';
    expect((await send()).type).toBe('uncertain');
  });

  it('is a plain retry when nobody listens, the name is unknown, or it hangs before DATA', async () => {
    const port = await freePort();
    expect((await send({}, { url: `smtp://127.0.0.1:${port}` })).type).toBe('retry');
    expect((await send({}, { url: 'smtp://nowhere.invalid:25' })).type).toBe('retry');
    await smtp.close();
    smtp = await testSmtp({ onMailFrom: () => undefined });
    expect((await send()).type).toBe('retry');
  });

  it('ends when told to, uncertain only after DATA', async () => {
    const channel = createSmtpChannel({ url: smtp.url, from: 'denwaban@example.jp' });
    smtp.behaviour = 'hang';
    const abort = new AbortController();
    smtp.onData = () => abort.abort();
    expect((await channel.send(mail, abort.signal)).type).toBe('uncertain');
    expect((await channel.send(mail, AbortSignal.abort())).type).toBe('retry');
  });
});
