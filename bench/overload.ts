import { OPERATORS, placeCalls, settled, waits, withLoad } from './calls.ts';
import { startProduct } from './product.ts';
import { say } from './say.ts';
import type { LoadCall } from './sip-load.ts';
import { quantile } from './sound-load.ts';

/*
 * What becomes of more calls than one core carries, and how soon is it over? Calls as in `calls` at a rate that is
 * carried, then at one that is not, then as before.
 */
const CARRIED = { rate: 60, warmUpSeconds: 60, beforeSeconds: 20, afterSeconds: 30 };
/** It is over when the middle wait of a second is no longer than this many times what it was before. */
const OVER_AT = 1.5;

export type OverloadOptions = { rates: number[]; seconds: number };

export async function overload({ rates, seconds }: OverloadOptions): Promise<void> {
  say('More new calls a second than one core carries');
  const product = await startProduct(OPERATORS);
  const { rate, warmUpSeconds, beforeSeconds, afterSeconds } = CARRIED;
  try {
    await placeCalls(product, { rate, seconds: warmUpSeconds });
    for (const rush of rates) {
      await withLoad(false, async ({ load }) => {
        const since = Date.now();
        const phases = [
          { name: 'before', rate, seconds: beforeSeconds },
          { name: 'rush', rate: rush, seconds },
          { name: 'after', rate, seconds: afterSeconds },
        ];
        const ends: number[] = [];
        for (const phase of phases) {
          await load.place(phase.rate * phase.seconds, phase.rate);
          ends.push(load.calls.length);
        }
        await settled(product, load, since);
        const parts = phases.map((_, place) => load.calls.slice(ends[place - 1] ?? 0, ends[place]));
        say(`${rush} calls/s for ${seconds} s between ${rate}`);
        phases.forEach(({ name }, place) => tell(name, parts[place] ?? []));
        const [before = [], , after = []] = parts;
        say(`  over after ${secondsUntilOver(before, after) ?? 'more than these'} s`);
      });
    }
  } finally {
    await product.stop();
  }
}

function tell(name: string, made: LoadCall[]): void {
  const carried = made.filter(({ failure }) => failure === undefined);
  const turnedAway = made.filter(({ failure }) => failure === 'INVITE got 503').length;
  const sorted = waits(carried).toSorted((a, b) => a - b);
  const [middle, late] = [0.5, 0.99].map((part) => quantile(sorted, part).toFixed(0));
  const resent = made.reduce((sum, call) => sum + call.resent, 0);
  const failed = made.length - carried.length - turnedAway;
  say(
    `  ${name}: ${made.length} calls, ${carried.length} carried, ${turnedAway} turned away, ${failed} failed; ` +
      `INVITE → phone ${middle}/${late} ms (p50/p99), ${resent} messages sent again`,
  );
}

/** Seconds from the end of the rush; undefined where it did not end. */
function secondsUntilOver(before: LoadCall[], after: LoadCall[]): number | undefined {
  const usual = middleWait(before);
  const perSecond = Array.from({ length: CARRIED.afterSeconds }, (_, second) =>
    after.slice(second * CARRIED.rate, (second + 1) * CARRIED.rate),
  );
  const last = perSecond.findLastIndex((calls) => !(middleWait(calls) <= OVER_AT * usual));
  return last + 1 < perSecond.length ? last + 1 : undefined;
}

function middleWait(made: LoadCall[]): number {
  return quantile(
    waits(made).toSorted((a, b) => a - b),
    0.5,
  );
}
