import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './platform.ts';

export type BaresipOptions = {
  username: string;
  password: string;
  registrar: { address: string; port: number };
  transport: 'udp' | 'tcp';
  /** `auto` picks up by itself. */
  answers: 'auto' | 'manual';
};

const CONFIG = `
sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module_app account.so
module_app menu.so
`;

/** A registered SIP phone, a peer nobody here wrote; it hums 440 Hz. */
export class Baresip {
  readonly #process: ChildProcess;
  readonly #dir: string;
  #output = '';

  constructor({ username, password, registrar, transport, answers }: BaresipOptions) {
    this.#dir = mkdtempSync(join(tmpdir(), 'denwaban-baresip-'));
    const host = `${registrar.address}:${registrar.port};transport=${transport}`;
    const account = `<sip:${username}@${host}>;auth_pass=${password};answermode=${answers};regint=60`;
    const [source, player] = [join(this.#dir, 'said.wav'), join(this.#dir, 'heard.wav')];
    const sound = `audio_source aufile,${source}\naudio_player aufile,${player}\n`;
    writeFileSync(source, hum());
    writeFileSync(join(this.#dir, 'config'), CONFIG + sound);
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

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Ten seconds of 440 Hz, 8 kHz, one channel, as a WAV file. */
function hum(): Buffer {
  const rate = 8000;
  const samples = 10 * rate;
  const file = Buffer.alloc(44 + 2 * samples);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * rate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i++) {
    file.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / rate)), 44 + 2 * i);
  }
  return file;
}
