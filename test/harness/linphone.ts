import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './peers.ts';
import { until } from './platform.ts';
import { readWav, writeWav } from './wav.ts';

export type LinphoneOptions = {
  username: string;
  password: string;
  registrar: { address: string; port: number };
  /** What it says from the moment it picks up, 8 kHz; silence unless told. */
  voice?: Int16Array;
};

/**
 * No discovery, no IPv6, any free port, and only the codec that every carrier has. What would alter sound on the
 * way to or from its files is off: echo canceller and limiter, gain control and noise gate take tones for noise
 * or for its own voice; an adaptive jitter buffer and rate control leave samples out, or put some in, whenever
 * they change their mind.
 */
const configOf = (port: number): string => `
[sip]
sip_port=${port}
sip_tcp_port=0
sip_tls_port=0
use_ipv6=0
default_proxy=-1
[rtp]
audio_rtp_port=-1
audio_adaptive_jitt_comp_enabled=0
audio_jitt_comp=80
[net]
adaptive_rate_control=0
[sound]
echocancellation=0
echolimiter=0
agc=0
noisegate=0
remote_ring=
local_ring=
[audio_codec_0]
mime=PCMU
rate=8000
channels=1
enabled=1
`;

/** It writes what it hears in pieces of so many samples. */
const CHUNK = 2048;

/** Linphone's console program as a registered phone that picks up by itself: a peer nobody here wrote. */
export class Linphone {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #dir: string;
  readonly #heard: string;
  #output = '';

  private constructor({ username, password, registrar, voice }: LinphoneOptions, port: number) {
    this.#dir = mkdtempSync(join(tmpdir(), 'denwaban-linphone-'));
    this.#heard = join(this.#dir, 'heard.wav');
    // Without a folder for its own database it opens no port, and says nothing.
    for (const name of ['.local/share/linphone', '.config/linphone']) {
      mkdirSync(join(this.#dir, name), { recursive: true });
    }
    const config = join(this.#dir, 'config');
    writeFileSync(config, configOf(port));
    // Its sound library else makes a folder in the system's for temporary files, and leaves it there.
    const pulse = join(this.#dir, 'pulse');
    const env = { ...process.env, HOME: this.#dir, PULSE_RUNTIME_PATH: pulse, LANG: 'C.UTF-8' };
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
    if (voice) {
      const said = join(this.#dir, 'said.wav');
      writeWav(said, voice);
      this.command(`play ${said}`);
      this.command(`record ${this.#heard}`);
    }
    this.command(`register sip:${username}@${host} sip:${host} ${password}`);
  }

  /** Resolves once it is registered. */
  static async open(options: LinphoneOptions): Promise<Linphone> {
    const phone = new Linphone(options, await freePort());
    const asked = setInterval(() => phone.command('status register'), 200);
    try {
      await phone.printed('registered, identity');
      return phone;
    } catch (error) {
      await phone.close();
      throw error;
    } finally {
      clearInterval(asked);
    }
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

  /** What it has heard, all calls in one: from the `from`th sample on. */
  pcm(from = 0): Int16Array {
    return existsSync(this.#heard) ? readWav(this.#heard).subarray(from) : new Int16Array();
  }

  /** The first sample of `pcm` that is of after now: what it has not written yet is of before. */
  get now(): number {
    return this.pcm().length + CHUNK;
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
