import { parseArgs } from 'node:util';
import { actions } from './actions.ts';
import { calls } from './calls.ts';
import { machineFacts } from './machine.ts';
import { media } from './media.ts';
import { memory } from './memory.ts';
import { overload } from './overload.ts';
import { keepData, pinLoad } from './product.ts';
import { say } from './say.ts';

const USAGE = `npm run bench -- calls [--rates 20,40,80] [--seconds 12] [--speaking]
npm run bench -- media [--conversations 50,100,200] [--seconds 10]
npm run bench -- actions [--conversations 20] [--seconds 20]
npm run bench -- memory [--calls 1000,2000,5000] [--rates 30]
npm run bench -- overload [--rates 160] [--seconds 40]
each: [--keep] leaves the data folder`;

type Options = Partial<Record<'rates' | 'conversations' | 'calls' | 'seconds', string>> & {
  speaking?: boolean;
  keep?: boolean;
};

const numbers = (list: string): number[] => list.split(',').map(Number);
const first = (list: string): number => numbers(list)[0] ?? 1;

/** One question each; bench/README.md says what they mean and what was measured. */
const QUESTIONS: Record<string, (options: Options) => Promise<void>> = {
  calls: ({ rates = '20,40,80,120,160,200', seconds = '12', speaking = false }) =>
    calls({ rates: numbers(rates), seconds: Number(seconds), speaking }),
  media: ({ conversations = '50,100,200,300,400,500', seconds = '10' }) =>
    media({ conversations: numbers(conversations), seconds: Number(seconds) }),
  actions: ({ conversations = '20', seconds = '20' }) =>
    actions({ conversations: first(conversations), seconds: Number(seconds) }),
  memory: ({ calls: counts = '1000,2000,5000', rates = '30' }) =>
    memory({ counts: numbers(counts), rate: first(rates) }),
  overload: ({ rates = '160', seconds = '40' }) =>
    overload({ rates: numbers(rates), seconds: Number(seconds) }),
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rates: { type: 'string' },
      conversations: { type: 'string' },
      calls: { type: 'string' },
      seconds: { type: 'string' },
      speaking: { type: 'boolean' },
      keep: { type: 'boolean' },
    },
  });
  const question = QUESTIONS[positionals[0] ?? ''];
  if (question === undefined) {
    say(USAGE);
    process.exitCode = 2;
    return;
  }
  say(machineFacts());
  pinLoad();
  if (values.keep === true) keepData();
  await question(values);
}

await main();
