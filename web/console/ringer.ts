import { chosenDevice } from './sound-devices.ts';

const PERIOD_MS = 2_400;
const CHIME = [
  { hertz: 659.26, at: 0 },
  { hertz: 493.88, at: 0.28 },
];
const LOUDNESS = 0.22;

type SinkContext = AudioContext & { setSinkId?: (deviceId: string) => Promise<void> };

/** Two soft notes, again every 2.4 s: heard across a desk, bearable a hundred times a day. */
export class Ringer {
  #context: SinkContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Must run inside a click or key press, so that the browser lets it sound later. */
  unlock(): void {
    if (this.#context?.state === 'running') return;
    this.#wake();
    void this.#useChosenOutput();
  }

  /** Its own output: the loudspeaker rings while the headset lies on the desk. */
  async #useChosenOutput(): Promise<void> {
    try {
      await this.#context?.setSinkId?.(chosenDevice('ring'));
    } catch {
      // The chosen output is gone: the system's own rings.
      await this.#context?.setSinkId?.('').catch(() => undefined);
    }
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#wake();
    this.#chime();
    this.#timer = setInterval(() => this.#chime(), PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One chime, to hear where it comes from. */
  try(): void {
    this.#wake();
    void this.#useChosenOutput().then(() => this.#chime());
  }

  close(): void {
    this.stop();
    void this.#context?.close();
    this.#context = null;
  }

  #wake(): void {
    this.#context ??= new AudioContext();
    void this.#context.resume().catch(() => undefined);
  }

  #chime(): void {
    const context = this.#context;
    if (context === null) return;
    for (const { hertz, at } of CHIME) {
      const start = context.currentTime + at;
      const tone = new OscillatorNode(context, { frequency: hertz, type: 'sine' });
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
      tone.connect(gain).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.95);
    }
  }
}
