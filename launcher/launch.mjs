// What every npm script of this project starts: installs what is missing, then runs the program
// under the right Node. Plain JavaScript for Node 20, because at this moment nothing is installed.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault, codeOf, say } from './fault.mjs';
import { ensureInstalled } from './install.mjs';
import { findNode } from './node.mjs';
import { endLike, run } from './run.mjs';
import { ensureWebBuilt } from './web.mjs';

const ENTRIES = {
  start: 'src/keeper/main.ts',
  test: 'test/run.ts',
  cli: 'src/cli/main.ts',
  bench: 'bench/main.ts',
  soak: 'test/soak/main.ts',
};

async function main([name = '', ...args]) {
  const entry = ENTRIES[name];
  if (entry === undefined) {
    throw new Fault(`launch.mjs knows ${Object.keys(ENTRIES).join(', ')}, not "${name}".`);
  }
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  await ensureInstalled(root);
  const node = findNode(root);
  if (name !== 'cli') await ensureWebBuilt(root, node);
  const flags = ['--disable-warning=ExperimentalWarning'];
  endLike(await run(node, [...flags, join(root, entry), ...args], { tied: name === 'start' }));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Fault) say(error.message);
  else if (codeOf(error) === 'ENOSPC') say('The disk is full: make room and try again.');
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
}
