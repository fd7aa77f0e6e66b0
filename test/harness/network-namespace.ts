import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/**
 * A machine of its own on this one: a network namespace, and a cable from here to there. Needs root;
 * ask `has('netns')` first.
 */
export class NetworkNamespace {
  readonly #name: string;
  readonly #cable: string;
  /** This side's address and the other one's. */
  readonly here: string;
  readonly there: string;

  private constructor(name: string, cable: string, net: string) {
    this.#name = name;
    this.#cable = cable;
    this.here = `${net}.1`;
    this.there = `${net}.2`;
  }

  static open(): NetworkNamespace {
    const id = randomBytes(3).toString('hex');
    // RFC 2544 §C.2.2 keeps 198.18.0.0/15 for tests between two machines.
    const net = `198.18.${parseInt(id.slice(0, 2), 16)}`;
    const space = new NetworkNamespace(`dw-${id}`, `dw-${id}`, net);
    space.#lay(`dw-${id}-far`);
    return space;
  }

  /** Words before a command that is to run there. */
  get prefix(): string[] {
    return ['ip', 'netns', 'exec', this.#name];
  }

  /** Pulls the cable, or plugs it in again. */
  setCable(state: 'up' | 'down'): void {
    ip('link', 'set', this.#cable, state);
  }

  close(): void {
    // The cable goes with the namespace that holds its other end.
    ip('netns', 'delete', this.#name);
  }

  #lay(far: string): void {
    ip('netns', 'add', this.#name);
    ip('link', 'add', this.#cable, 'type', 'veth', 'peer', 'name', far, 'netns', this.#name);
    ip('addr', 'add', `${this.here}/24`, 'dev', this.#cable);
    ip('link', 'set', this.#cable, 'up');
    ip('-n', this.#name, 'addr', 'add', `${this.there}/24`, 'dev', far);
    ip('-n', this.#name, 'link', 'set', far, 'up');
    ip('-n', this.#name, 'link', 'set', 'lo', 'up');
  }
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
}
