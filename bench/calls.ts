import { setTimeout as sleep } from 'node:timers/promises';
import { DiskProbe } from './disk-probe.ts';
import { PLACES, startProduct } from './product.ts';
import type { Product, Usage } from './product.ts';
import { readBack } from './recordings.ts';
import type { ReadBack } from './recordings.ts';
import { SipLoad } from './sip-load.ts';
import type { LoadCall } from './sip-load.ts';
import { disturbance, say, sayNoFigure, shares } from './say.ts';
import { quantile } from './sound-load.ts';
import { SoundProcess, loadFaultsOf } from './sound-process.ts';
import { SoundSocket } from './sound-socket.ts';

/*
 * How many new calls a second does one core carry through the whole product? A call: INVITE of the trunk
 * → company recognised → longest idle operator's phone rings → picks up after 100 ms → caller
 * answered → recorded → the caller hangs up after 2 s → ended. Neither side speaks, and what the product
 * sends is not read; or both speak all the time; every recording then holds what each of them said.
 */
export const OPERATORS = 1500;
const HOLD_MS = 2000;
const ANSWER_AFTER_MS = 100;
const WARM_UP = { rate: 80, seconds: 90 };
const SETTLE_MS = 15_000;
/** Growth of the middle wait from the first to the last quarter of the calls: over it the rate cannot go on. */
const BACKLOG_MS = 50;
const MOST_LOSS_PERCENT = 0.1;

export type CallsOptions = { rates: number[]; seconds: number; speaking: boolean };

export async function calls({ rates, seconds, speaking }: CallsOptions): Promise<void> {
  say('New calls a second on one core: phone rung, answered, recorded, ended, every step stored');
  if (speaking) say('Both sides of every call speak all the time');
  const product = await startProduct(OPERATORS);
  try {
    // Until the engine of the language has compiled what every call uses.
    await run(product, { ...WARM_UP, speaking });
    let highest = 0;
    for (const rate of rates) {
      const result = await run(product, { rate, seconds, speaking });
      if (result.loadFaults.length > 0) {
        sayNoFigure(`${rate} calls/s`, result.loadFaults, result.usage);
        continue;
      }
      report(rate, result);
      if (result.faults.length === 0) highest = rate;
    }
    say(highest > 0 ? `Highest rate carried: ${highest} calls/s` : 'No rate was carried.');
  } finally {
    await product.stop();
  }
}

/** Places these calls, waits until they are over and says what went wrong. */
export async function placeCalls(
  product: Product,
  options: Omit<Placing, 'speaking'>,
): Promise<string[]> {
  return (await run(product, { ...options, speaking: false })).faults;
}

type Placing = { rate: number; seconds: number; speaking: boolean };

type RunResult = {
  usage: Usage;
  calls: LoadCall[];
  back: ReadBack;
  faults: string[];
  /** Why the load, not the product, may have made these figures. */
  loadFaults: string[];
  /** How long the disk took to sync 8 kB meanwhile, sorted. */
  diskMs: number[];
  /** What PostgreSQL wrote into its log. */
  walBytes: number;
};

/** What is at the ends of calls: both ends' signalling, and what is done about their sound. */
type Ends = { load: SipLoad; sound: SoundProcess | undefined };

/** `work` with both ends of such calls: what the product sends them is not read. */
export async function withLoad<T>(speaking: boolean, work: (ends: Ends) => Promise<T>): Promise<T> {
  const places = {
    caller: { address: PLACES.caller.address, port: PLACES.callerSoundPort },
    operator: { address: PLACES.operator.address, port: PLACES.operatorSoundPort },
  };
  const sound = speaking ? new SoundProcess(places, 'deaf') : undefined;
  const ears = speaking
    ? []
    : [places.caller, places.operator].map(
        ({ address, port }) => new SoundSocket(address, port, 0, 'deaf'),
      );
  const load: SipLoad = await SipLoad.open({
    target: PLACES.product,
    caller: PLACES.caller,
    operator: PLACES.operator,
    dialed: PLACES.dialed,
    answerAfterMs: ANSWER_AFTER_MS,
    sound: { callerPort: PLACES.callerSoundPort, operatorPort: PLACES.operatorSoundPort },
    onTalking: (call) => {
      const { index, callerMedia: caller, operatorMedia: operator } = call;
      if (caller && operator) sound?.add(index, { caller, operator });
      setTimeout(() => {
        sound?.remove(index);
        load.hangUp(call);
      }, HOLD_MS);
    },
  });
  try {
    return await work({ load, sound });
  } finally {
    for (const ear of ears) ear.close();
    sound?.close();
    await load.close();
  }
}

function run(product: Product, { rate, seconds, speaking }: Placing): Promise<RunResult> {
  return withLoad(speaking, async ({ load, sound }) => {
    const since = Date.now();
    const walBefore = await walPosition(product);
    const probe = await DiskProbe.start(product.platform.dataDir);
    sound?.openWindow();
    const placed = load.place(Math.round(rate * seconds), rate);
    await sleep(HOLD_MS + 1000);
    const windowMs = Math.max(1000, 1000 * seconds - HOLD_MS - 1000);
    const usage = await product.measure(
      () => sleep(windowMs),
      () => sound?.cpuMs() ?? 0,
    );
    await placed;
    await settled(product, load, since);
    sound?.closeWindow();
    const loadFaults = sound ? loadFaultsOf(usage, await sound.stopSpeaking()) : [];
    const diskMs = await probe.stop();
    const walBytes = (await walPosition(product)) - walBefore;
    const back = await readBack(product, since, speaking);
    const faults = faultsOf(load.calls, back);
    return { usage, calls: load.calls, back, faults, loadFaults, diskMs, walBytes };
  });
}

/** Bytes since the cluster was made. */
async function walPosition(product: Product): Promise<number> {
  const [row] = await product.rows<{ at: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as at`,
  );
  return row?.at ?? Number.NaN;
}

/** Until both ends of every call have parted and its recording is closed, or for so long. */
export async function settled(product: Product, load: SipLoad, since: number): Promise<void> {
  const until = performance.now() + SETTLE_MS;
  const over = (call: LoadCall): boolean =>
    call.failure !== undefined || (call.endedAt > 0 && call.partedAt > 0);
  while (!load.calls.every(over) && performance.now() < until) await sleep(100);
  while (performance.now() < until) {
    const [row] = await product.rows<{ open: number }>(
      `select count(*)::int as open from call c left join recording r on r.call_id = c.id
       where c.arrived_at >= to_timestamp(${since / 1000})
         and (c.phase <> 'ended' or r.state = 'recording')`,
    );
    if ((row?.open ?? 0) === 0) return;
    await sleep(200);
  }
}

function faultsOf(made: LoadCall[], back: ReadBack): string[] {
  const faults: string[] = [];
  const failed = made.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) faults.push(`${failed.length} calls failed (${failed[0]?.failure ?? ''})`);
  const left = made.filter((call) => call.failure === undefined && call.partedAt === 0).length;
  if (left > 0) faults.push(`${left} phones were not hung up`);
  const resent = made.reduce((sum, call) => sum + call.resent, 0);
  if (resent > 0) faults.push(`${resent} SIP messages had to be sent again`);
  const backlog = backlogMs(made);
  if (backlog > BACKLOG_MS) faults.push(`the wait grew by ${backlog.toFixed(0)} ms`);
  if (back.calls !== made.length) faults.push(`${back.calls} of ${made.length} calls are stored`);
  if (back.faultCount > 0) {
    faults.push(`${back.faultCount} recordings are not right (${back.faults[0] ?? ''})`);
  }
  const missing = (100 * back.missing) / Math.max(1, back.frames + back.missing);
  if (missing >= MOST_LOSS_PERCENT) {
    faults.push(`${missing.toFixed(2)} % of the frames are missing in the recordings`);
  }
  return faults;
}

/** From INVITE to the phone's INVITE, of those that came so far. */
export function waits(made: LoadCall[]): number[] {
  return made.filter((call) => call.offeredAt > 0).map((call) => call.offeredAt - call.invitedAt);
}

function backlogMs(made: LoadCall[]): number {
  const all = waits(made);
  const quarter = Math.floor(all.length / 4);
  if (quarter === 0) return 0;
  const middle = (part: number[]): number =>
    quantile(
      part.toSorted((a, b) => a - b),
      0.5,
    );
  return middle(all.slice(-quarter)) - middle(all.slice(0, quarter));
}

function report(rate: number, result: RunResult): void {
  const { usage, calls: made, back, faults, diskMs, walBytes } = result;
  const cost = (percent: number): string => `${((10 * percent) / rate).toFixed(2)} ms`;
  const offered = waits(made).toSorted((a, b) => a - b);
  const answered = made
    .filter((call) => call.answeredAt > 0)
    .map((call) => call.answeredAt - call.pickedUpAt)
    .toSorted((a, b) => a - b);
  const times = (sorted: number[]): string =>
    `${quantile(sorted, 0.5).toFixed(1)}/${quantile(sorted, 0.99).toFixed(1)} ms`;
  const verdict = faults.length > 0 ? `NOT CARRIED: ${faults.join('; ')}` : 'carried';
  say(
    `${rate} calls/s for ${usage.seconds.toFixed(0)} s: ${verdict}`,
    `  core ${usage.total.toFixed(0)} %, per call ${cost(usage.total)} (${shares(usage, cost)})`,
    `  INVITE → phone ${times(offered)}, pick-up → caller ${times(answered)} (p50/p99); ${made.length} calls, ${back.recordings} recordings read`,
    `  PostgreSQL's log ${(walBytes / made.length / 1024).toFixed(1)} kB a call; the disk synced 8 kB in ${times(diskMs)}, ${(diskMs.at(-1) ?? Number.NaN).toFixed(0)} at worst`,
    `  ${disturbance(usage)}`,
  );
}
