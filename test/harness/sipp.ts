import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './platform.ts';

export type SippOptions = {
  /** A file of test/sipp, or one of SIPp's own as `own:uac`. */
  scenario: string;
  target: { address: string; port: number };
  keys?: Record<string, string | number>;
  /** Written over `{{name}}` in the scenario: SIPp knows no keys in the status of a response. */
  texts?: Record<string, string | number>;
  args?: readonly string[];
  prefix?: readonly string[];
};

/** One SIPp, a peer nobody here wrote. Ends with the calls it was asked to make. */
export class Sipp {
  readonly #process: ChildProcess;
  readonly #dir: string;
  #output = '';

  constructor(options: SippOptions) {
    this.#dir = mkdtempSync(join(tmpdir(), 'denwaban-sipp-'));
    const { scenario, target, keys = {}, texts = {}, args = [], prefix = [] } = options;
    const file = join(this.#dir, 'scenario.xml');
    const own = /^own:(.*)/.exec(scenario)?.[1];
    if (own === undefined) {
      const source = readFileSync(new URL(`../sipp/${scenario}.xml`, import.meta.url), 'utf8');
      const text = source.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(texts[name]));
      writeFileSync(file, text);
    }
    const command = [
      ...prefix,
      'sipp',
      `${target.address}:${target.port}`,
      ...(own === undefined ? ['-sf', file] : ['-sn', own]),
      ...(args.includes('-m') ? [] : ['-m', '1']),
      '-nostdin',
      '-trace_err',
      '-error_file',
      join(this.#dir, 'errors'),
      '-trace_logs',
      '-log_file',
      join(this.#dir, 'log'),
      ...Object.entries(keys).flatMap(([name, value]) => ['-key', name, String(value)]),
      ...args,
    ];
    const [program = '', ...rest] = command;
    this.#process = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.#dir });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString('latin1')).slice(-20_000);
      });
    }
  }

  /** Where the far end wants our sound, once it has answered. */
  async mediaPort(timeoutMs = 20_000): Promise<number> {
    const read = (): number => Number(/MEDIA (\d+)/.exec(this.#read('log'))?.[1] ?? 0);
    await until(
      () => read() > 0,
      timeoutMs,
      () => `SIPp: not answered\n${this.failure}`,
    );
    return read();
  }

  get failure(): string {
    return `${this.#read('errors')}\n${this.#output.slice(-2000)}`;
  }

  /** Exit code: 0 when every call went as the scenario says. */
  finished(): Promise<number | null> {
    if (this.#process.exitCode !== null) return Promise.resolve(this.#process.exitCode);
    return new Promise((resolve) => this.#process.once('exit', (code) => resolve(code)));
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await this.finished();
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.#dir, name), 'utf8');
    } catch {
      return '';
    }
  }
}
