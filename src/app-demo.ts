import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from './base/index.ts';
import { readCenter } from './cli/index.ts';
import type { App } from './http/index.ts';

/** Loads the demonstration office, by the same door as `denwaban apply`. */
export async function loadDemo(options: {
  server: App;
  cliToken: string;
  root: string;
  log: Logger;
}): Promise<void> {
  const { server, cliToken, root, log } = options;
  const text = await readFile(join(root, 'examples', 'center.yaml'), 'utf8');
  const center = readCenter(text);
  if (!center.ok) {
    log.error({ problems: center.problems }, 'the demonstration office is not valid');
    return;
  }
  const answer = await server.inject({
    method: 'POST',
    url: '/api/v1/apply',
    headers: { authorization: `Bearer ${cliToken}` },
    payload: center.spec,
  });
  if (answer.statusCode !== 200) {
    log.error(
      { status: answer.statusCode, body: answer.body },
      'the demonstration office is not loaded',
    );
  }
}
