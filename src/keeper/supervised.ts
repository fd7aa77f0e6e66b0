import { deferred, sleep, toError } from '../base/index.ts';
import type { Clock, Deferred, Logger } from '../base/index.ts';
import { BackOff } from './back-off.ts';
import type { RunningProcess } from './running-process.ts';
import { endProcess } from './stop-steps.ts';
import type { StopStep } from './stop-steps.ts';

type Options = {
  name: string;
  /** Starts the process, or adopts one that is there. The signal: do not, we are stopping. */
  launch: (signal: AbortSignal) => Promise<RunningProcess>;
  clock: Clock;
  log: Logger;
  /** Exit that no restart can mend: called with the reason instead of a restart. */
  onFatal?: (ended: string) => void;
};

/** Exit code of a program that cannot work as things are set up (sysexits.h EX_CONFIG). */
const UNUSABLE = 'code 78';

/** Keeps one process running until it is stopped. */
export class Supervised {
  readonly #options: Options;
  readonly #backOff = new BackOff();
  #running: RunningProcess | undefined;
  #launching: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #hurry: Deferred<undefined> = deferred();
  readonly #wake = new AbortController();

  constructor(options: Options) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#running?.identity.pid;
  }

  /** The first start; when it fails the reason is thrown and nothing is kept running. */
  async start(): Promise<void> {
    const startMs = this.#options.clock.monotonic();
    void this.#keep(await this.#launch(), startMs);
  }

  /** Ends the process for good, step by step, and resolves when it is gone. */
  async stop(steps: readonly StopStep[]): Promise<void> {
    this.#stopping = true;
    this.#wake.abort(new Error('stopping'));
    await this.#launching;
    if (!this.#running) return;
    const { name, clock, log } = this.#options;
    const over = await endProcess(this.#running, steps, clock, () => this.#hurry.promise);
    if (!over) log.error({ child: name }, 'the process does not end');
  }

  /** Skips the waits of a running `stop`: on to its next step. */
  hurry(): void {
    this.#hurry.resolve(undefined);
    this.#hurry = deferred();
  }

  async #keep(first: RunningProcess, firstStartMs: number): Promise<void> {
    const { name, clock, log } = this.#options;
    let running: RunningProcess | undefined = first;
    let startMs = firstStartMs;
    for (;;) {
      const ended: string = running ? await running.ended : 'not started';
      this.#running = undefined;
      if (this.#stopping) return;
      if (ended === UNUSABLE && this.#options.onFatal) {
        this.#options.onFatal(ended);
        return;
      }
      const delayMs = this.#backOff.nextDelayMs(clock.monotonic() - startMs);
      log.warn({ child: name, ended, restartInMs: delayMs }, 'ended; it is started again');
      await this.#pause(delayMs);
      startMs = clock.monotonic();
      running = await this.#relaunch();
      if (running === undefined && this.#isStopping()) return;
    }
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    await sleep(this.#options.clock, delayMs, this.#wake.signal).catch(() => undefined);
  }

  async #launch(): Promise<RunningProcess> {
    const launching = this.#options.launch(this.#wake.signal);
    this.#launching = launching.catch(() => undefined);
    this.#running = await launching;
    return this.#running;
  }

  async #relaunch(): Promise<RunningProcess | undefined> {
    if (this.#isStopping()) return undefined;
    try {
      return await this.#launch();
    } catch (thrown) {
      const { message } = toError(thrown);
      this.#options.log.error({ child: this.#options.name, reason: message }, 'cannot start');
      return undefined;
    }
  }

  /** A function, because the flag changes during an `await` the compiler does not see. */
  #isStopping(): boolean {
    return this.#stopping;
  }
}
