import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './peers.ts';
import { until } from './platform.ts';

export type LinphoneOptions = {
  username: string;
  password: string;
  registrar: { address: string; port: number };
};

/** No discovery, no IPv6, any free port, and only the codec that every carrier has. */
const configOf = (port: number): string => `
[sip]
sip_port=${port}
sip_tcp_port=0
sip_tls_port=0
use_ipv6=0
default_proxy=-1
[rtp]
audio_rtp_port=-1
[sound]
echocancellation=0
remote_ring=
local_ring=
[audio_codec_0]
mime=PCMU
rate=8000
channels=1
enabled=1
`;

/** Linphone's console program as a registered phone that picks up by itself: a peer nobody here wrote. */
export class Linphone {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #dir: string;
  #output = '';

  private constructor({ username, password, registrar }: LinphoneOptions, port: number) {
    this.#dir = mkdtempSync(join(tmpdir(), 'denwaban-linphone-'));
    // Without a folder for its own database it opens no port, and says nothing.
    for (const name of ['.local/share/linphone', '.config/linphone']) {
      mkdirSync(join(this.#dir, name), { recursive: true });
    }
    const config = join(this.#dir, 'config');
    writeFileSync(config, configOf(port));
    const env = { ...process.env, HOME: this.#dir, LANG: 'C.UTF-8' };
    this.#process = spawn('linphonec', ['-a', '-c', config], { env, stdio: 'pipe' });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString('utf8')).slice(-200_000);
      });
    }
    // It may be gone before a command.
    this.#process.stdin.on('error', () => undefined);
    const host = `${registrar.address}:${registrar.port}`;
    this.command('soundcard use files');
    this.command(`register sip:${username}@${host} sip:${host} ${password}`);
  }

  static async open(options: LinphoneOptions): Promise<Linphone> {
    return new Linphone(options, await freePort());
  }

  get output(): string {
    return this.#output;
  }

  /** As its user would type it. */
  command(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async printed(text: string | RegExp, timeoutMs = 10_000): Promise<void> {
    const found = (): boolean =>
      typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output);
    await until(
      found,
      timeoutMs,
      () => `linphone: no ${String(text)}\n${this.#output.slice(-4000)}`,
    );
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      this.command('quit');
      const limit = setTimeout(() => this.#process.kill('SIGKILL'), 3_000);
      await gone;
      clearTimeout(limit);
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
