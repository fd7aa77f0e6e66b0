import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './platform.ts';

export type KamailioOptions = {
  port: number;
  /** Calls of a registered customer are passed on to this port on loopback. */
  phonePort: number;
  password: string;
  algorithm?: 'MD5' | 'SHA-256';
  /** Shorter registrations are answered 423. */
  minExpiresSeconds?: number;
};

export const REALM = 'carrier.example.jp';

/** A carrier nobody here wrote: registrar and proxy with digest, on loopback. */
export class Kamailio {
  readonly #process: ChildProcess;
  readonly #dir: string;
  #output = '';

  private constructor(options: KamailioOptions) {
    this.#dir = mkdtempSync(join(tmpdir(), 'denwaban-kamailio-'));
    const file = join(this.#dir, 'kamailio.cfg');
    writeFileSync(file, configOf(options));
    const args = ['-f', file, '-DD', '-E', '-m', '32', '-M', '4', '-Y', this.#dir];
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
    // A group of its own, so that its children end with it.
    this.#process = spawn('kamailio', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
      detached: true,
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString('latin1')).slice(-20_000);
      });
    }
  }

  static async start(options: KamailioOptions): Promise<Kamailio> {
    const kamailio = new Kamailio(options);
    await until(
      () => kamailio.#output.includes('carrier is up'),
      20_000,
      () => kamailio.output,
    );
    return kamailio;
  }

  get output(): string {
    return this.#output;
  }

  async close(): Promise<void> {
    const { pid } = this.#process;
    if (pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
      process.kill(-pid, 'SIGKILL');
      await gone;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function configOf(options: KamailioOptions): string {
  const { port, phonePort, password, algorithm = 'MD5', minExpiresSeconds = 60 } = options;
  const modules = [
    'sl',
    'tm',
    'rr',
    'pv',
    'usrloc',
    'registrar',
    'siputils',
    'textops',
    'auth',
    'xlog',
  ];
  return `#!KAMAILIO
debug=1
children=2
auto_aliases=no
alias="${REALM}"
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
tcp_children=2
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules:/usr/lib/aarch64-linux-gnu/kamailio/modules"
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", ${minExpiresSeconds})
modparam("registrar", "max_expires", 300)
modparam("auth", "algorithm", "${algorithm === 'MD5' ? '' : algorithm}")

request_route {
  if (is_method("OPTIONS") && $rU == $null) { sl_send_reply("200", "OK"); exit; }
  if (has_totag()) {
    if (is_method("ACK") && !t_check_trans()) { loose_route(); t_relay(); exit; }
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${REALM}", "${password}", "0")) { www_challenge("${REALM}", "1"); exit; }
    xlog("L_ALERT", "register $fU expires $hdr(Expires) $ct\\n");
    save("location");
    exit;
  }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  record_route();
  if (lookup("location")) { t_relay(); exit; }
  if (!pv_proxy_authenticate("${REALM}", "${password}", "0")) { proxy_challenge("${REALM}", "1"); exit; }
  consume_credentials();
  $du = "sip:127.0.0.1:${phonePort}";
  t_relay();
}

event_route[core:worker-one-init] {
  xlog("L_ALERT", "carrier is up\\n");
}
`;
}
