import { setTimeout as sleep } from 'node:timers/promises';
import { placeCalls } from './calls.ts';
import { startProduct } from './product.ts';
import type { Part } from './product.ts';
import { say } from './say.ts';

/*
 * Is memory flat over many calls? Calls come and go at a steady rate (as in `calls`); after each part all of them
 * have ended, and the memory of every process is read.
 */
const OPERATORS = 400;
const IDLE_MS = 3000;

export type MemoryOptions = { counts: number[]; rate: number };

export async function memory({ counts, rate }: MemoryOptions): Promise<void> {
  say(`Memory over many calls, ${rate} new ones a second`);
  const product = await startProduct(OPERATORS);
  try {
    let done = 0;
    tell(done, product.memoryKb());
    for (const count of counts) {
      const faults = await placeCalls(product, { rate, seconds: (count - done) / rate });
      done = count;
      await sleep(IDLE_MS);
      tell(done, product.memoryKb());
      if (faults.length > 0) say(`  ${faults.join('; ')}`);
    }
  } finally {
    await product.stop();
  }
}

function tell(done: number, kb: Record<Part, number>): void {
  const mb = (value: number): string => (value / 1024).toFixed(0);
  const parts = Object.entries(kb).map(([part, value]) => `${part} ${mb(value)}`);
  const total = Object.values(kb).reduce((sum, value) => sum + value, 0);
  say(`after ${done} calls: ${mb(total)} MB (${parts.join(', ')})`);
}
