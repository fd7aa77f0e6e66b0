import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Loaded before everything else by the product's processes (`--import`) when the bench asks what their memory is
 * made of. SIGWINCH, which means nothing to them: collect all garbage, then write down what is left.
 */
const folder = process.env['BENCH_HEAP_DIR'];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

if (folder !== undefined) {
  process.on('SIGWINCH', () => {
    const before = process.memoryUsage();
    collect();
    collect();
    const after = process.memoryUsage();
    writeFileSync(`${folder}/${process.pid}.json`, JSON.stringify({ before, after }));
  });
}
