import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../test/harness/platform.ts';
import { placeCalls } from './calls.ts';
import { startProduct } from './product.ts';
import type { Part, Product } from './product.ts';
import { say } from './say.ts';

/*
 * Is memory flat over many calls? Calls come and go at a steady rate (as in `calls`); after each part all of them
 * have ended, and the memory of every process is read, then what app and media process hold once their
 * garbage is collected.
 */
const OPERATORS = 400;
const IDLE_MS = 3000;
/** SIP remembers a transaction for 32 s after its end (RFC 3261 §17). */
const FORGOTTEN_MS = 35_000;

export type MemoryOptions = { counts: number[]; rate: number };

export async function memory({ counts, rate }: MemoryOptions): Promise<void> {
  say(`Memory over many calls, ${rate} new ones a second`);
  const folder = mkdtempSync(join(tmpdir(), 'denwaban-heap-'));
  const product = await startProduct(OPERATORS, {
    NODE_OPTIONS: `--import=${new URL('heap-probe.ts', import.meta.url).href}`,
    BENCH_HEAP_DIR: folder,
  });
  try {
    let done = 0;
    await tell(done, product, folder);
    for (const count of counts) {
      const faults = await placeCalls(product, { rate, seconds: (count - done) / rate });
      done = count;
      await sleep(count === counts.at(-1) ? FORGOTTEN_MS : IDLE_MS);
      await tell(done, product, folder);
      if (faults.length > 0) say(`  ${faults.join('; ')}`);
    }
  } finally {
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tell(done: number, product: Product, folder: string): Promise<void> {
  const kb: Record<Part, number> = product.memoryKb();
  const parts = Object.entries(kb).map(([part, value]) => `${part} ${mb(value)}`);
  const total = Object.values(kb).reduce((sum, value) => sum + value, 0);
  say(`after ${done} calls: ${mb(total)} MB (${parts.join(', ')})`);
  for (const part of ['app', 'media'] as const) {
    const usage = await collected(product.pids[part], folder);
    const [heap, external] = [usage.heapUsed, usage.external].map((bytes) => mb(bytes / 1024, 2));
    say(`  ${part}, its garbage collected: heap ${heap} MB, outside it ${external} MB`);
  }
}

/** What a process holds after a collection (`heap-probe.ts`). */
async function collected(pid: number, folder: string): Promise<NodeJS.MemoryUsage> {
  const path = join(folder, `${pid}.json`);
  rmSync(path, { force: true });
  process.kill(pid, 'SIGWINCH');
  let usage: NodeJS.MemoryUsage | undefined;
  await until(() => {
    try {
      usage = (JSON.parse(readFileSync(path, 'utf8')) as { after: NodeJS.MemoryUsage }).after;
    } catch {
      // Not written yet, or half of it.
    }
    return usage !== undefined;
  }, 10_000);
  if (usage === undefined) throw new Error(`process ${pid} said nothing`);
  return usage;
}

const mb = (kb: number, digits = 0): string => (kb / 1024).toFixed(digits);
