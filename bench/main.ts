import { parseArgs } from 'node:util';
import { calls } from './calls.ts';
import { machineFacts } from './machine.ts';
import { media } from './media.ts';
import { pinLoad } from './product.ts';
import { say } from './say.ts';

const USAGE = `npm run bench -- calls [--rates 20,40,80] [--seconds 12]
npm run bench -- media [--conversations 50,100,200] [--seconds 10]`;

/** One question each; bench/README.md says what they mean and what was measured. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rates: { type: 'string', default: '20,40,80,120,160,200' },
      conversations: { type: 'string', default: '50,100,200,300,400,500' },
      seconds: { type: 'string' },
    },
  });
  const numbers = (list: string): number[] => list.split(',').map(Number);
  const [question] = positionals;
  if (question !== 'calls' && question !== 'media') {
    say(USAGE);
    process.exitCode = 2;
    return;
  }
  say(machineFacts());
  pinLoad();
  if (question === 'calls') {
    await calls({ rates: numbers(values.rates), seconds: Number(values.seconds ?? 12) });
  } else {
    await media({
      conversations: numbers(values.conversations),
      seconds: Number(values.seconds ?? 10),
    });
  }
}

await main();
