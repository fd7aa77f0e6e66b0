import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './base/index.ts';
import type { Logger } from './base/index.ts';
import { readCenter } from './cli/index.ts';
import type { CenterSpec } from './contract/index.ts';
import type { App, ServerDeps } from './http/index.ts';

export type Demo = { spec: CenterSpec; accounts: ServerDeps['demoAccounts'] };

/** The demonstration office with the accounts that the sign-in page offers. */
export function readDemo(root: string): Demo {
  const read = readCenter(readFileSync(join(root, 'examples', 'center.yaml'), 'utf8'));
  if (!read.ok) throw new AppError('demo-invalid', 'examples/center.yaml is not valid.');
  const { spec } = read;
  const people = [
    ...spec.operators.map(({ email, name, role, initialPassword }) => ({
      email,
      name,
      role,
      password: initialPassword,
    })),
    ...spec.subscribers.flatMap(({ members }) =>
      members.map(({ email, name, initialPassword }) => ({
        email,
        name,
        role: 'member',
        password: initialPassword,
      })),
    ),
  ];
  const accounts = people.flatMap(({ email, name, role, password }) =>
    email === undefined || password === undefined ? [] : [{ email, name, role, password }],
  );
  return { spec, accounts };
}

/** Loads the office by the same door as `denwaban apply`. */
export async function loadDemo(options: {
  server: App;
  demo: Demo;
  cliToken: string;
  log: Logger;
}): Promise<void> {
  const { server, demo, cliToken, log } = options;
  const answer = await server.inject({
    method: 'POST',
    url: '/api/v1/apply',
    headers: { authorization: `Bearer ${cliToken}` },
    payload: demo.spec,
  });
  if (answer.statusCode === 200) return;
  log.error({ status: answer.statusCode, body: answer.body }, 'the demonstration is not loaded');
}
