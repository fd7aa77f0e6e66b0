import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

type Launcher = { ensureWebBuilt: (root: string, node: string) => Promise<void> };

/** Before the first file of a suite that opens pages: those of now, not the ones of the last build. */
export async function setup(): Promise<void> {
  const path = new URL('../../launcher/web.mjs', import.meta.url).href;
  const { ensureWebBuilt } = (await import(path)) as Launcher;
  await ensureWebBuilt(ROOT, process.execPath);
}
