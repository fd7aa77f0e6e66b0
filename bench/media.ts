import { setTimeout as sleep } from 'node:timers/promises';
import { PLACES, startProduct } from './product.ts';
import type { Part, Product, Usage } from './product.ts';
import { readBack } from './recordings.ts';
import type { ReadBack } from './recordings.ts';
import { disturbance, say, sayNoFigure, shares } from './say.ts';
import { SipLoad } from './sip-load.ts';
import type { LoadCall } from './sip-load.ts';
import type { SoundFigures } from './sound-load.ts';
import { SoundProcess, loadFaultsOf } from './sound-process.ts';

/*
 * How many recorded conversations does one core carry? Both sides speak all the time, every 20 ms frame is
 * known at the far ear by its content, both channels of every recording are read back and checked.
 */
const RAMP_PER_SECOND = 10;
const UP_MS = 15_000;
const ANSWER_AFTER_MS = 100;
const SETTLE_MS = 3000;
const MOST_LOSS_PERCENT = 0.1;
const LINE_COUNTERS = [
  ['jitter.late', 'packets late'],
  ['jitter.grown', 'delays grown'],
  ['jitter.shrunk', 'shrunk'],
  ['tick.late-10ms', 'beats 10 ms late'],
] as const;

export type MediaOptions = { conversations: number[]; seconds: number };

export async function media({ conversations, seconds }: MediaOptions): Promise<void> {
  say('Recorded conversations on one core: both directions, every frame checked');
  const product = await startProduct(Math.max(...conversations) + 10);
  try {
    let highest = 0;
    for (const count of conversations) {
      const result = await run(product, count, seconds);
      const loadFaults = loadFaultsOf(result.usage, result.sound);
      if (loadFaults.length > 0) {
        sayNoFigure(`${count} conversations`, loadFaults, result.usage);
        break;
      }
      report(count, result);
      if (result.faults.length > 0) break;
      highest = count;
    }
    say(highest > 0 ? `Most conversations carried: ${highest}` : 'No number was carried.');
  } finally {
    await product.stop();
  }
}

type RunResult = {
  usage: Usage;
  sound: SoundFigures;
  back: ReadBack;
  kbPerCall: Record<Part, number>;
  /** What the product's lines did about late packets: before the window and in it. */
  lines: { before: Map<string, number>; after: Map<string, number> };
  faults: string[];
};

async function run(product: Product, count: number, seconds: number): Promise<RunResult> {
  const sound = new SoundProcess({
    caller: { address: PLACES.caller.address, port: PLACES.callerSoundPort },
    operator: { address: PLACES.operator.address, port: PLACES.operatorSoundPort },
  });
  const load = await SipLoad.open({
    target: PLACES.product,
    caller: PLACES.caller,
    operator: PLACES.operator,
    dialed: PLACES.dialed,
    answerAfterMs: ANSWER_AFTER_MS,
    sound: { callerPort: PLACES.callerSoundPort, operatorPort: PLACES.operatorSoundPort },
    onTalking: ({ index, callerMedia, operatorMedia }) => {
      if (callerMedia && operatorMedia) {
        sound.add(index, { caller: callerMedia, operator: operatorMedia });
      }
    },
  });
  try {
    const startedAt = Date.now();
    const idleKb = product.memoryKb();
    const idle = await product.mediaCounters();
    await load.place(count, RAMP_PER_SECOND);
    await allUp(load);
    await sleep(SETTLE_MS);
    const up = load.calls.filter((call) => call.answeredAt > 0).length;
    const before = since(idle, await product.mediaCounters());
    sound.openWindow();
    const usage = await product.measure(
      () => sleep(1000 * seconds),
      () => sound.cpuMs(),
    );
    sound.closeWindow();
    const after = since(idle, await product.mediaCounters());
    const kbPerCall = growth(idleKb, product.memoryKb(), count);
    await sleep(500);
    const figures = await sound.stopSpeaking();
    await hangUpAll(load);
    await sleep(3000);
    const back = await readBack(product, startedAt, true);
    const failed = load.calls.filter(({ failure }) => failure !== undefined).length;
    const faults = faultsOf({ count, up, failed, figures, back });
    return { usage, sound: figures, back, kbPerCall, lines: { before, after }, faults };
  } finally {
    sound.close();
    await load.close();
  }
}

async function allUp(load: SipLoad): Promise<void> {
  const until = performance.now() + UP_MS;
  const isSettled = ({ answeredAt, failure }: LoadCall): boolean =>
    answeredAt > 0 || failure !== undefined;
  while (!load.calls.every(isSettled) && performance.now() < until) await sleep(100);
}

async function hangUpAll(load: SipLoad): Promise<void> {
  for (const call of load.calls) {
    load.hangUp(call);
    await sleep(1000 / RAMP_PER_SECOND / 4);
  }
}

function faultsOf(run: {
  count: number;
  up: number;
  failed: number;
  figures: SoundFigures;
  back: ReadBack;
}): string[] {
  const { count, up, failed, figures, back } = run;
  const faults: string[] = [];
  if (up < count || failed > 0) faults.push(`${up} of ${count} calls came up, ${failed} failed`);
  if (figures.lossPercent >= MOST_LOSS_PERCENT) {
    faults.push(`${figures.lossPercent.toFixed(2)} % of the frames were lost`);
  }
  if (figures.silentWays > 0) faults.push(`${figures.silentWays} ways were silent`);
  if (figures.foreign > 0) faults.push(`${figures.foreign} frames reached the wrong ear`);
  if (back.recordings < count) {
    faults.push(`${back.recordings} of ${count} recordings are right (${back.faults[0] ?? ''})`);
  }
  const missing = (100 * back.missing) / (back.frames + back.missing);
  if (missing >= MOST_LOSS_PERCENT) {
    faults.push(`${missing.toFixed(2)} % of the frames are missing in the recordings`);
  }
  return faults;
}

function growth(
  before: Record<Part, number>,
  after: Record<Part, number>,
  calls: number,
): Record<Part, number> {
  const of = (part: Part): number => (after[part] - before[part]) / calls;
  return { app: of('app'), media: of('media'), postgres: of('postgres'), keeper: of('keeper') };
}

function since(before: Map<string, number>, now: Map<string, number>): Map<string, number> {
  return new Map([...now].map(([what, count]) => [what, count - (before.get(what) ?? 0)]));
}

function report(count: number, result: RunResult): void {
  const { usage, sound, back, kbPerCall, lines, faults } = result;
  const cost = (percent: number): string => `${(percent / count).toFixed(3)} %`;
  const ms = (value: number): string => value.toFixed(0);
  const kb = (value: number): string => `${value.toFixed(0)} kB`;
  const sum = Object.values(kbPerCall).reduce((all, value) => all + value, 0);
  const { roundTripMs, oneWayMs } = sound;
  const missing = (100 * back.missing) / (back.frames + back.missing);
  const verdict = faults.length > 0 ? `NOT CARRIED: ${faults.join('; ')}` : 'carried';
  say(
    `${count} conversations for ${usage.seconds.toFixed(0)} s: ${verdict}`,
    `  core ${usage.total.toFixed(0)} %, per conversation ${cost(usage.total)} (${shares(usage, cost)})`,
    `  memory per conversation ${kb(sum)} (${Object.entries(kbPerCall)
      .map(([part, value]) => `${part} ${kb(value)}`)
      .join(', ')})`,
    `  ${sound.sent} frames, lost ${sound.lossPercent.toFixed(3)} % (worst way ${sound.worstLossPercent.toFixed(1)} %), repeated ${sound.repeated}, cut into ${sound.worn}; recordings read ${back.recordings}, missing in them ${missing.toFixed(3)} % of ${back.frames + back.missing} frames`,
    `  round trip ${ms(roundTripMs.p50)}/${ms(roundTripMs.p99)}/${ms(roundTripMs.p999)} ms (p50/p99/p99.9), one way ${ms(oneWayMs.p50)}/${ms(oneWayMs.p99)} ms (p50/p99); spoken ${ms(sound.worstLateMs)} ms late at worst`,
    `  lines, before the window and with it: ${LINE_COUNTERS.map(
      ([what, name]) => `${name} ${lines.before.get(what)}, ${lines.after.get(what)}`,
    ).join('; ')}`,
    `  ${disturbance(usage)}`,
  );
}
