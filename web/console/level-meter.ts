/** How loud the microphone is right now, 0 to 1, on a scale that speech fills. */
export class LevelMeter {
  #context: AudioContext | null = null;
  #source: MediaStreamAudioSourceNode | null = null;
  #analyser: AnalyserNode | null = null;
  #samples = new Float32Array(1024);

  watch(stream: MediaStream): void {
    this.#context ??= new AudioContext();
    this.resume();
    this.#source?.disconnect();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: this.#samples.length });
    this.#source = new MediaStreamAudioSourceNode(this.#context, { mediaStream: stream });
    this.#source.connect(this.#analyser);
  }

  /** A page that came back without a click may only measure after the next key or click. */
  resume(): void {
    if (this.#context?.state === 'running') return;
    void this.#context?.resume().catch(() => undefined);
  }

  level(): number {
    if (this.#analyser === null) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    const decibel = 10 * Math.log10(sum / this.#samples.length + 1e-9);
    return Math.min(1, Math.max(0, (decibel + 60) / 50));
  }

  close(): void {
    this.#source?.disconnect();
    this.#source = null;
    this.#analyser = null;
    void this.#context?.close();
    this.#context = null;
  }
}
