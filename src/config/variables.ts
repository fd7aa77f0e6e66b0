export type Variable = {
  /** What holds when the variable is not set; empty means nothing. */
  default: string;
  /** For `example.env`, English, wrapped by hand. */
  help: readonly string[];
};

/** Every setting there is. `example.env` is this table, written out. */
export const VARIABLES = {
  DENWABAN_HTTP_PORT: {
    default: '8080',
    help: ['Web pages and API, TCP. 0 takes a free port (run/ports.json in the data folder).'],
  },
  DENWABAN_SIP_PORT: {
    default: '5060',
    help: ['SIP, UDP and TCP. 0 takes a free port.'],
  },
  DENWABAN_RTP_PORTS: {
    default: '20000-29999',
    help: ['Audio of trunks and SIP phones, UDP: first and last port.'],
  },
  DENWABAN_WEBRTC_PORT: {
    default: '19000',
    help: ['Audio of all browsers, one UDP port. 0 takes a free port.'],
  },
  DENWABAN_BIND: {
    default: '0.0.0.0',
    help: ['IPv4 address to listen on, for all of the above.'],
  },
  DENWABAN_PUBLIC_URL: {
    default: '',
    help: [
      'The address people open, e.g. https://denwaban.example.jp: links in mails, cookies, origin',
      'check. When empty: localhost with the HTTP port.',
    ],
  },
  DENWABAN_TLS_CERT: {
    default: '',
    help: ['Certificate chain (PEM) to serve HTTPS directly; read again when the file changes.'],
  },
  DENWABAN_TLS_KEY: { default: '', help: ['Private key (PEM) of that certificate.'] },
  DENWABAN_TRUST_PROXY: {
    default: 'false',
    help: [
      'Behind a reverse proxy: whose X-Forwarded-* headers count. "true" is every private address;',
      'or addresses and networks, separated by commas: 10.0.0.5,192.168.0.0/24',
    ],
  },
  DENWABAN_SIP_HOST: {
    default: '',
    help: ['Host name or address we name in Via and Contact. When empty: the one a peer reaches.'],
  },
  DENWABAN_MEDIA_ADDRESS: {
    default: '',
    help: [
      'IPv4 address we name in SDP and ICE candidates, when it is not the one bound (NAT).',
      'When empty: the addresses of this machine.',
    ],
  },
  DENWABAN_DATA_DIR: {
    default: '',
    help: ['Where everything is kept. When empty: ./data, and /var/lib/denwaban for root.'],
  },
  DENWABAN_RECORDING_DAYS: {
    default: '365',
    help: [
      'How long recordings are kept, in days; 0 keeps them for ever. Who listened stays on record.',
    ],
  },
  DENWABAN_TIME_ZONE: { default: 'Asia/Tokyo', help: ['Time zone of the centre (IANA name).'] },
  DENWABAN_DATABASE_URL: {
    default: '',
    help: [
      'A PostgreSQL server (15 or newer) to use instead of the one that comes along:',
      'postgresql://user:password@host:5432/denwaban',
    ],
  },
  DENWABAN_SMTP_URL: {
    default: '',
    help: [
      'Mail server: smtp://user:password@host:587 or smtps://…:465. When empty, mails stay in the',
      'local mailbox page.',
    ],
  },
  DENWABAN_MAIL_FROM: {
    default: '',
    help: [
      'Sender of our mails, e.g. 電話番 <denwaban@example.jp>. Needed with DENWABAN_SMTP_URL.',
    ],
  },
  DENWABAN_API_TOKEN: {
    default: '',
    help: ['A first API token for scripts, 24 characters or more.'],
  },
  DENWABAN_LOG_LEVEL: { default: 'info', help: ['trace, debug, info, warn, error or silent.'] },
  DENWABAN_DEMO: {
    default: 'false',
    help: ['true loads the demonstration office and its accounts (same as npm start -- --demo).'],
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;

/** The text of `example.env`. */
export function exampleEnv(): string {
  const parts = [
    '# Settings of Denwaban. Copy to .env or set in the environment, which wins.',
    '# Each line shows what holds when the variable is not set.',
  ];
  for (const [name, { default: value, help }] of Object.entries(VARIABLES)) {
    parts.push('', ...help.map((line) => `# ${line}`), `#${name}=${value}`);
  }
  return `${parts.join('\n')}\n`;
}
