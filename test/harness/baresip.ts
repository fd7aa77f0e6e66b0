import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './platform.ts';
import { readWav, writeWav } from './wav.ts';

export type BaresipOptions = {
  username: string;
  password: string;
  registrar: { address: string; port: number };
  transport: 'udp' | 'tcp';
  /** `auto` picks up by itself. */
  answers: 'auto' | 'manual';
  /** What it says from the moment it picks up, 8 kHz; a hum of 440 Hz unless told. */
  voice?: Int16Array;
  /** Where it takes commands; a free port of the test. */
  controlPort?: number;
};

const CONFIG = `
sip_listen 127.0.0.1:0
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
`;

/**
 * A registered SIP phone, a peer nobody here wrote. It speaks a WAV file (module `aufile`) and writes
 * what it decodes into another (module `sndfile`); `aubridge` is a player without a device.
 */
export class Baresip {
  readonly #process: ChildProcess;
  readonly #dir: string;
  #output = '';

  constructor(options: BaresipOptions) {
    const { username, password, registrar, transport, answers, voice = hum() } = options;
    this.#dir = mkdtempSync(join(tmpdir(), 'denwaban-baresip-'));
    const host = `${registrar.address}:${registrar.port};transport=${transport}`;
    const account = `<sip:${username}@${host}>;auth_pass=${password};answermode=${answers};audio_codecs=PCMU/8000/1;regint=60`;
    const source = join(this.#dir, 'said.wav');
    const sound = `audio_source aufile,${source}\naudio_player aubridge,ear\nsnd_path ${this.#dir}\n`;
    writeWav(source, voice);
    const { controlPort } = options;
    const control =
      controlPort === undefined
        ? ''
        : `module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:${controlPort}\n`;
    writeFileSync(join(this.#dir, 'config'), CONFIG + sound + control);
    writeFileSync(join(this.#dir, 'accounts'), `${account}\n`);
    writeFileSync(join(this.#dir, 'contacts'), '');
    const args = ['-4', '-s', '-f', this.#dir];
    this.#process = spawn('baresip', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString('latin1')).slice(-200_000);
      });
    }
  }

  /** What it has printed, its SIP trace included. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed this. */
  async printed(text: string | RegExp, timeoutMs = 10_000): Promise<void> {
    const found = (): boolean =>
      typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output);
    await until(
      found,
      timeoutMs,
      () => `baresip: no ${String(text)}\n${this.#output.slice(-4000)}`,
    );
  }

  /** One of its commands, as its user would type it. */
  async command(port: number, command: string, params: string): Promise<void> {
    const text = JSON.stringify({ command, params });
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // It answers with a netstring of its own.
      socket.once('data', () => resolve());
      socket.write(`${text.length}:${text},`);
    });
    socket.destroy();
  }

  /** What it heard in the latest call. */
  pcm(): Int16Array {
    const heard = readdirSync(this.#dir).filter((file) => file.endsWith('-dec.wav'));
    const name = heard.sort().at(-1);
    if (name === undefined) throw new Error(`baresip wrote nothing:\n${this.#output}`);
    return readWav(join(this.#dir, name));
  }

  /** Unregisters, if there is still a registrar, and ends. */
  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGTERM');
      const limit = setTimeout(() => this.#process.kill('SIGKILL'), 2_000);
      await gone;
      clearTimeout(limit);
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Ten seconds of 440 Hz. */
function hum(): Int16Array {
  return Int16Array.from({ length: 80_000 }, (_, i) =>
    Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / 8000)),
  );
}
