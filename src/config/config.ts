import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { VARIABLES } from './variables.ts';
import type { VariableName } from './variables.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** All settings, typed and cross-checked. Never logged: there are passwords and a token in it. */
export type Config = {
  http: {
    /** 0 until the keeper has chosen a free one. */
    port: number;
    bind: string;
    /** Without a trailing slash. */
    publicUrl: string;
    tls?: { certPath: string; keyPath: string };
    /** Whose `X-Forwarded-*` headers count: addresses, networks, or proxy-addr's named ranges. */
    trustProxy: false | string[];
  };
  sip: { port: number; bind: string; host?: string };
  media: {
    rtpPorts: [from: number, to: number];
    webrtcPort: number;
    bind: string;
    address?: string;
  };
  data: { dir: string };
  /** Null: recordings are kept for ever. */
  recordings: { keptDays: number | null };
  database: { kind: 'embedded' } | { kind: 'server'; url: string };
  mail: { smtpUrl?: string; from: string };
  timeZone: string;
  logLevel: LogLevel;
  demo: boolean;
  apiToken?: string;
};

/**
 * Below this little room is left on the disk: 17 hours of recording one call (16 kB a second), two of eight.
 */
export const DISK_LOW_BYTES = 1024 ** 3;
/** Below this the disk counts as full: PostgreSQL writes its log in files of 16 MiB. */
export const DISK_FULL_BYTES = 32 * 1024 ** 2;

/** What the settings depend on besides themselves. */
export type Surroundings = { cwd: string; isRoot: boolean };

export type ConfigResult = { ok: true; config: Config } | { ok: false; problems: string[] };

type Strings = Record<VariableName, string>;

const optional = <T extends z.ZodType>(schema: T): z.ZodType<z.output<T> | undefined> =>
  z.union([z.literal('').transform(() => undefined), schema]);

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number, 0 to 65535')
  .transform(Number)
  .refine((n) => n <= 65535, 'must be a port number, 0 to 65535');

const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'must be two port numbers with a hyphen: 20000-29999')
  .transform((text): [number, number] => {
    const [from = '', to = ''] = text.split('-');
    return [Number(from), Number(to)];
  })
  .refine(
    ([from, to]) => from >= 1024 && to <= 65535 && to - from >= 3,
    'must hold at least 4 ports between 1024 and 65535, the lower one first',
  );

const days = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a number of days, or 0 for ever')
  .transform((text) => (Number(text) === 0 ? null : Number(text)));

const address = z.string().refine((s) => isIPv4(s), 'must be an IPv4 address');
const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true');

function url(protocols: string[], form: string): z.ZodType<string> {
  return z.string().refine((text) => {
    return URL.canParse(text) && protocols.includes(new URL(text).protocol);
  }, `must look like ${form}`);
}

const publicUrl = url(['http:', 'https:'], 'https://denwaban.example.jp')
  .refine(
    (text) => !URL.canParse(text) || new URL(text).pathname === '/',
    'must not have a path after the host name',
  )
  .transform((text) => new URL(text).origin);

const PRIVATE_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];
const NETWORK = /^[0-9a-f.:]+(\/\d{1,3})?$/i;
const trustProxy = z
  .string()
  .transform((text): false | string[] => {
    if (text === 'false') return false;
    return text === 'true' ? PRIVATE_NETWORKS : text.split(',').map((part) => part.trim());
  })
  .refine(
    (list) => list === false || list === PRIVATE_NETWORKS || list.every((n) => NETWORK.test(n)),
    'must be true, false, or addresses and networks separated by commas',
  );

const timeZone = z.string().refine((zone) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}, 'must be an IANA time zone such as Asia/Tokyo');

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const schema = z.object({
  DENWABAN_HTTP_PORT: port,
  DENWABAN_SIP_PORT: port,
  DENWABAN_RTP_PORTS: portRange,
  DENWABAN_WEBRTC_PORT: port,
  DENWABAN_BIND: address,
  DENWABAN_PUBLIC_URL: optional(publicUrl),
  DENWABAN_TLS_CERT: optional(z.string()),
  DENWABAN_TLS_KEY: optional(z.string()),
  DENWABAN_TRUST_PROXY: trustProxy,
  DENWABAN_SIP_HOST: optional(
    z.string().regex(/^[A-Za-z0-9.-]+$/, 'must be a host name or an IPv4 address'),
  ),
  DENWABAN_MEDIA_ADDRESS: optional(address),
  DENWABAN_DATA_DIR: optional(z.string().refine((s) => !s.includes('\0'), 'must be a path')),
  DENWABAN_RECORDING_DAYS: days,
  DENWABAN_TIME_ZONE: timeZone,
  DENWABAN_DATABASE_URL: optional(
    url(['postgres:', 'postgresql:'], 'postgresql://user:password@host:5432/denwaban'),
  ),
  DENWABAN_SMTP_URL: optional(url(['smtp:', 'smtps:'], 'smtp://user:password@host:587')),
  DENWABAN_MAIL_FROM: optional(
    z
      .string()
      .regex(
        /^(?:[^<>\r\n]* <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/,
        'must be an address such as denwaban@example.jp or 電話番 <denwaban@example.jp>',
      ),
  ),
  DENWABAN_API_TOKEN: optional(
    z.string().regex(/^\S{24,}$/, 'must be 24 characters or more, without spaces'),
  ),
  DENWABAN_LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`),
  DENWABAN_DEMO: flag,
} satisfies Record<VariableName, z.ZodType>);

type Values = z.output<typeof schema>;

/** Environment strings → settings, or one sentence per fault. Values never appear in a sentence. */
export function parseConfig(
  env: Partial<Record<string, string>>,
  surroundings: Surroundings,
): ConfigResult {
  const parsed = schema.safeParse(withDefaults(env));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      return `${issue.path.join('.')} ${sentenceOf(issue)}.`;
    });
    return { ok: false, problems: [...new Set(problems)] };
  }
  const problems = crossCheck(parsed.data);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, config: toConfig(parsed.data, surroundings) };
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  return issue.errors.at(-1)?.[0]?.message ?? 'is not valid';
}

function withDefaults(env: Partial<Record<string, string>>): Strings {
  const entries = Object.entries(VARIABLES).map(([name, variable]) => {
    const value = env[name]?.trim();
    return [name, value === undefined || value === '' ? variable.default : value];
  });
  return Object.fromEntries(entries) as Strings;
}

function crossCheck(values: Values): string[] {
  const problems: string[] = [];
  const claim = (broken: boolean, sentence: string): void => {
    if (broken) problems.push(sentence);
  };
  const { DENWABAN_HTTP_PORT: http, DENWABAN_SIP_PORT: sip, DENWABAN_WEBRTC_PORT: webrtc } = values;
  const [rtpFrom, rtpTo] = values.DENWABAN_RTP_PORTS;
  const inRtp = (n: number): boolean => n >= rtpFrom && n <= rtpTo;
  const tls = values.DENWABAN_TLS_CERT !== undefined;
  claim(
    tls !== (values.DENWABAN_TLS_KEY !== undefined),
    'DENWABAN_TLS_CERT and DENWABAN_TLS_KEY belong together: set both or neither.',
  );
  claim(
    http !== 0 && http === sip,
    'DENWABAN_HTTP_PORT and DENWABAN_SIP_PORT are the same TCP port: change one of them.',
  );
  claim(
    sip !== 0 && sip === webrtc,
    'DENWABAN_SIP_PORT and DENWABAN_WEBRTC_PORT are the same UDP port: change one of them.',
  );
  claim(inRtp(sip), 'DENWABAN_SIP_PORT lies within DENWABAN_RTP_PORTS: change one of them.');
  claim(inRtp(webrtc), 'DENWABAN_WEBRTC_PORT lies within DENWABAN_RTP_PORTS: change one of them.');
  claim(
    values.DENWABAN_SMTP_URL !== undefined && values.DENWABAN_MAIL_FROM === undefined,
    'DENWABAN_SMTP_URL is set, so DENWABAN_MAIL_FROM must name the sender of the mails.',
  );
  claim(
    values.DENWABAN_PUBLIC_URL?.startsWith('https:') === true &&
      !tls &&
      values.DENWABAN_TRUST_PROXY === false,
    'DENWABAN_PUBLIC_URL is https, so either DENWABAN_TLS_CERT and DENWABAN_TLS_KEY or, behind a ' +
      'proxy, DENWABAN_TRUST_PROXY must be set.',
  );
  return problems;
}

function toConfig(values: Values, surroundings: Surroundings): Config {
  const bind = values.DENWABAN_BIND;
  const httpPort = values.DENWABAN_HTTP_PORT;
  const { DENWABAN_TLS_CERT: certPath, DENWABAN_TLS_KEY: keyPath } = values;
  const tls =
    certPath !== undefined && keyPath !== undefined
      ? {
          certPath: resolve(surroundings.cwd, certPath),
          keyPath: resolve(surroundings.cwd, keyPath),
        }
      : undefined;
  const local = `${tls ? 'https' : 'http'}://localhost:${httpPort}`;
  const defaultDir = surroundings.isRoot ? '/var/lib/denwaban' : 'data';
  const databaseUrl = values.DENWABAN_DATABASE_URL;
  return {
    http: {
      port: httpPort,
      bind,
      publicUrl: values.DENWABAN_PUBLIC_URL ?? local,
      ...(tls && { tls }),
      trustProxy: values.DENWABAN_TRUST_PROXY,
    },
    sip: { port: values.DENWABAN_SIP_PORT, bind, host: values.DENWABAN_SIP_HOST },
    media: {
      rtpPorts: values.DENWABAN_RTP_PORTS,
      webrtcPort: values.DENWABAN_WEBRTC_PORT,
      bind,
      address: values.DENWABAN_MEDIA_ADDRESS,
    },
    data: { dir: resolve(surroundings.cwd, values.DENWABAN_DATA_DIR ?? defaultDir) },
    recordings: { keptDays: values.DENWABAN_RECORDING_DAYS },
    database:
      databaseUrl === undefined ? { kind: 'embedded' } : { kind: 'server', url: databaseUrl },
    mail: {
      smtpUrl: values.DENWABAN_SMTP_URL,
      from: values.DENWABAN_MAIL_FROM ?? '電話番 <denwaban@localhost>',
    },
    timeZone: values.DENWABAN_TIME_ZONE,
    logLevel: values.DENWABAN_LOG_LEVEL,
    demo: values.DENWABAN_DEMO,
    apiToken: values.DENWABAN_API_TOKEN,
  };
}
