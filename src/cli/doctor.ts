import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { access, constants, statfs } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { centerSpecSchema, readinessSchema } from '../contract/index.ts';
import type { CenterSpec } from '../contract/index.ts';
import { DISK_LOW_BYTES } from '../config/index.ts';
import type { Config } from '../config/index.ts';
import { ApiClient, findServer, readPorts } from './api-client.ts';
import type { Terminal } from './terminal.ts';

type Finding = { ok: boolean | 'note'; about: string; said: string };

const GIBIBYTE = 1024 ** 3;
const SIP_WAIT_MS = 2_000;
const SMTP_WAIT_MS = 5_000;

/** `doctor`: what is right, what is wrong and what to do about it. True when nothing is wrong. */
export async function examine(config: Config, terminal: Terminal): Promise<boolean> {
  const running = await examineRunning(config);
  const findings = [
    ...(await examineData(config)),
    ...(running ?? (await examineFreePorts(config))),
    ...examineOrigin(config),
    ...examineTime(),
    ...(await examineMail(config)),
    ...(running === null ? [] : await examineOffice(config)),
    await examineSip(config, running !== null),
  ];
  for (const { ok, about, said } of findings) {
    const mark = ok === 'note' ? 'note ' : ok ? 'ok   ' : 'WRONG';
    terminal.out(`${mark} ${about.padEnd(10)} ${said}`);
  }
  return findings.every(({ ok }) => ok !== false);
}

async function examineData({ data }: Config): Promise<Finding[]> {
  const about = 'data';
  try {
    await access(data.dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return [{ ok: 'note', about, said: `${data.dir} is made by the first "npm start".` }];
    }
    const said = `${data.dir} is not writable for this user: see DENWABAN_DATA_DIR.`;
    return [{ ok: false, about, said }];
  }
  const { bavail, bsize } = await statfs(data.dir);
  const free = (bavail * bsize) / GIBIBYTE;
  const said = `${data.dir}, ${free.toFixed(1)} GiB free (an hour of recording takes 0.06 GiB).`;
  return [{ ok: free * GIBIBYTE > DISK_LOW_BYTES, about, said }];
}

/** Null when no Denwaban runs on these settings. */
async function examineRunning(config: Config): Promise<Finding[] | null> {
  try {
    const client = new ApiClient(findServer(config, {}));
    const components = readinessSchema.parse(await client.readiness());
    return Object.entries(components).map(([about, { ready, detail }]) => {
      return { ok: ready, about, said: detail };
    });
  } catch {
    return null;
  }
}

async function examineFreePorts({ http, sip, media }: Config): Promise<Finding[]> {
  const findings: Finding[] = [{ ok: 'note', about: 'app', said: 'Denwaban is not running.' }];
  const check = async (about: string, port: number, kind: 'TCP' | 'UDP', name: string) => {
    if (port === 0) return;
    const free = await (kind === 'TCP' ? tcpIsFree : udpIsFree)(port, http.bind);
    const taken = `${kind} port ${port} is taken by another program: end it or change ${name}.`;
    findings.push({ ok: free, about, said: free ? `${kind} port ${port} is free.` : taken });
  };
  await check('http', http.port, 'TCP', 'DENWABAN_HTTP_PORT');
  await check('sip', sip.port, 'UDP', 'DENWABAN_SIP_PORT');
  await check('sip', sip.port, 'TCP', 'DENWABAN_SIP_PORT');
  await check('webrtc', media.webrtcPort, 'UDP', 'DENWABAN_WEBRTC_PORT');
  return findings;
}

function tcpIsFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function udpIsFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** Browsers give the microphone to secure origins only. */
function examineOrigin({ http }: Config): Finding[] {
  const { protocol, hostname } = new URL(http.publicUrl);
  const about = 'microphone';
  const local = hostname === 'localhost' || hostname.endsWith('.localhost');
  if (protocol === 'https:' || local || hostname.startsWith('127.')) {
    const where = local ? ' on this machine; elsewhere see "denwaban certificate"' : '';
    return [{ ok: true, about, said: `${http.publicUrl} may use the microphone${where}.` }];
  }
  const said =
    `${http.publicUrl} is no secure origin: operators get no microphone. Serve HTTPS: ` +
    `"npm run denwaban -- certificate ${hostname}", or a proxy with a certificate.`;
  return [{ ok: false, about, said }];
}

/** RFC 5321 §4.2: a mail server greets with 220. Nothing is sent. */
async function examineMail({ mail }: Config): Promise<Finding[]> {
  if (mail.smtpUrl !== undefined) {
    const { hostname, port, protocol } = new URL(mail.smtpUrl);
    const secure = protocol === 'smtps:';
    const place = { host: hostname, port: Number(port) || (secure ? 465 : 587) };
    const fault = await greetingFault(place, secure);
    const where = `${place.host}:${place.port}`;
    const said =
      fault === null
        ? `goes out through ${where}, from ${mail.from}.`
        : `${where} ${fault}: check DENWABAN_SMTP_URL and the way there; reports wait meanwhile.`;
    return [{ ok: fault === null, about: 'mail', said }];
  }
  const said = 'no DENWABAN_SMTP_URL: reports stay in the mailbox page of this machine.';
  return [{ ok: 'note', about: 'mail', said }];
}

/** Null when the server greets; with TLS a connection is enough. */
function greetingFault(
  place: { host: string; port: number },
  secure: boolean,
): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(place);
    const finish = (fault: string | null): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.setTimeout(SMTP_WAIT_MS, () => finish('says nothing'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      finish(`cannot be reached (${error.code ?? error.message})`);
    });
    socket.once('connect', () => {
      if (secure) finish(null);
    });
    socket.once('data', (bytes) => {
      finish(bytes.toString('latin1').startsWith('220') ? null : 'is no mail server');
    });
  });
}

/** Times of calls, expiry of links and of SIP credentials: all want a right clock. */
function examineTime(): Finding[] {
  const about = 'time';
  const state = clockState();
  if (state === 'yes') return [{ ok: true, about, said: 'The clock is kept by the network.' }];
  const said =
    state === 'no'
      ? 'The clock is not kept by the network: switch it on with "timedatectl set-ntp true".'
      : 'Whether the clock is right cannot be seen here (no timedatectl).';
  return [{ ok: 'note', about, said }];
}

function clockState(): string | null {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const said = execFileSync('timedatectl', args, {
      encoding: 'utf8',
      timeout: 3_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said.trim() || null;
  } catch {
    return null;
  }
}

/** What is missing from the office for a call to come in and its report to go out. */
async function examineOffice(config: Config): Promise<Finding[]> {
  const about = 'office';
  let office: CenterSpec;
  try {
    const client = new ApiClient(findServer(config, {}));
    office = await client.json(centerSpecSchema, 'GET', '/api/v1/export');
  } catch {
    return [{ ok: 'note', about, said: 'The office could not be looked at.' }];
  }
  const note = (said: string): Finding => ({ ok: 'note', about, said });
  const wrong = (said: string): Finding => ({ ok: false, about, said });
  const findings: Finding[] = [];
  const trunks = office.trunks.filter(({ addresses, register }) => {
    return addresses.length > 0 || register !== undefined;
  });
  if (trunks.length === 0) {
    findings.push(wrong('No trunk has an address or registers: no call can come in.'));
  }
  for (const { id, addresses, register } of trunks) {
    if (register === undefined && addresses.every(isOwnMachine)) {
      findings.push(note(`Trunk ${id} takes calls from this machine alone.`));
    }
  }
  for (const { id, numbers, contacts, mailRoutes } of office.subscribers) {
    if (numbers.length === 0) findings.push(wrong(`${id} has no number: no call is theirs.`));
    const reached = contacts.filter(({ email }) => email !== null).map((contact) => contact.id);
    if (!mailRoutes.some(({ to }) => to.some((contact) => reached.includes(contact)))) {
      findings.push(note(`${id} gets no mails: no route leads to an address.`));
    }
  }
  if (office.operators.length === 0) findings.push(wrong('Nobody answers: there is no operator.'));
  if (findings.some(({ ok }) => ok === false)) return findings;
  const { length } = office.subscribers;
  const said = `${length} subscribers, ${trunks.length} trunks, ${office.operators.length} operators.`;
  return [...findings, { ok: true, about, said }];
}

function isOwnMachine(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** RFC 3261 §11: asks our own SIP socket what it can do. */
async function examineSip(config: Config, running: boolean): Promise<Finding> {
  const about = 'sip';
  const { bind } = config.sip;
  const port = readPorts(config)?.sip ?? 0;
  if (!running || port === 0) {
    return { ok: 'note', about, said: 'not asked: Denwaban is not running.' };
  }
  const host = bind === '0.0.0.0' ? '127.0.0.1' : bind;
  const answer = await askOptions(host, port);
  if (answer !== null) {
    return { ok: true, about, said: `${host}:${port} answers OPTIONS with "${answer}".` };
  }
  // A stranger's request is dropped without a word: no trunk has this address.
  const said =
    `${host}:${port} does not answer OPTIONS from this machine. That is right unless a trunk ` +
    'of yours has this address; from your carrier, UDP port ' +
    `${port} and the RTP ports must reach this machine.`;
  return { ok: 'note', about, said };
}

function askOptions(host: string, port: number): Promise<string | null> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const finish = (answer: string | null): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(null), SIP_WAIT_MS);
    socket.once('error', () => finish(null));
    socket.once('message', (bytes) => {
      const line = /^SIP\/2\.0 (\d{3} [^\r\n]{0,60})/.exec(bytes.toString('latin1'));
      finish(line?.[1] ?? null);
    });
    socket.bind(0, () => {
      const id = randomBytes(8).toString('hex');
      const own = `127.0.0.1:${socket.address().port}`;
      const lines = [
        `OPTIONS sip:${host}:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP ${own};branch=z9hG4bK${id};rport`,
        'Max-Forwards: 70',
        `From: <sip:doctor@${own}>;tag=${id}`,
        `To: <sip:${host}:${port}>`,
        `Call-ID: ${id}@doctor`,
        'CSeq: 1 OPTIONS',
        `Contact: <sip:doctor@${own}>`,
        'Content-Length: 0',
        '',
        '',
      ];
      socket.send(lines.join('\r\n'), port, host);
    });
  });
}
