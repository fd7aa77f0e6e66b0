import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { simpleParser } from 'mailparser';
import type { ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';

export type ReceivedMail = { raw: string; mail: ParsedMail; from: string; to: string[] };

/** What the server does with a mail it has wholly read: accept it, refuse it, or say nothing. */
export type DataBehaviour =
  | 'accept'
  | 'hang'
  /** The connection is cut after the final dot, before the reply. */
  | 'reset'
  | { code: number; text: string };

export type TestSmtp = {
  port: number;
  url: string;
  received: ReceivedMail[];
  /** Takes effect with the next mail. */
  behaviour: DataBehaviour;
  /** Called when a mail is wholly read, before any reply. */
  onData: ((mail: ReceivedMail) => void) | null;
  close(): Promise<void>;
};

/** A real SMTP server, on loopback unless told, that can be made to fail. */
export async function testSmtp(
  options: SMTPServerOptions & { port?: number; address?: string } = {},
): Promise<TestSmtp> {
  const sockets = new Set<Socket>();
  const address = options.address ?? '127.0.0.1';
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    ...options,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks);
        void simpleParser(raw).then((mail) => {
          const { mailFrom, rcptTo } = session.envelope;
          const received: ReceivedMail = {
            raw: raw.toString('latin1'),
            mail,
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map((recipient) => recipient.address),
          };
          smtp.received.push(received);
          smtp.onData?.(received);
          answer(smtp.behaviour, done);
        });
      });
    },
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  function answer(behaviour: DataBehaviour, done: (error?: Error | null) => void): void {
    if (behaviour === 'accept') done();
    else if (behaviour === 'reset') for (const socket of sockets) socket.resetAndDestroy();
    else if (behaviour !== 'hang') {
      done(Object.assign(new Error(behaviour.text), { responseCode: behaviour.code }));
    }
  }
  server.listen(options.port ?? 0, address);
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const smtp: TestSmtp = {
    port,
    url: `smtp://${address}:${port}`,
    received: [],
    behaviour: 'accept',
    onData: null,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return smtp;
}

/** A loopback port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const smtp = await testSmtp();
  await smtp.close();
  return smtp.port;
}
