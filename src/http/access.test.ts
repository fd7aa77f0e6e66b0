import fastify from 'fastify';
import { expect, it } from 'vitest';
import { guardRoutes, isOwnSite } from './access.ts';
import type { App } from './app.ts';

it('a route without a policy cannot be registered', () => {
  const app = fastify() as unknown as App;
  const owner = (): Promise<undefined> => Promise.resolve(undefined);
  guardRoutes(app, {
    people: { identify: () => Promise.resolve({ kind: 'nobody' }) },
    owners: { call: owner, message: owner, delivery: owner, recording: owner, subscriber: owner },
    demo: false,
    publicUrl: 'http://localhost',
  });
  const handler = (): string => 'x';
  expect(() => app.route({ method: 'GET', url: '/x', handler })).toThrow(/GET \/x: no policy/);
  app.route({ method: 'GET', url: '/y', handler, config: { policy: { kind: 'public' } } });
  expect(app.routeTable).toEqual([{ method: 'GET', url: '/y', policy: { kind: 'public' } }]);
});

const PUBLIC = 'https://denwaban.example.jp';
const request = (
  method: string,
  headers: Record<string, string>,
): Parameters<typeof isOwnSite>[0] => ({
  method,
  headers,
  protocol: 'http',
  host: '192.168.1.20:8080',
});

it.each([
  [
    'a page of another site may read nothing live',
    'GET',
    { upgrade: 'websocket', origin: 'https://evil.example' },
    false,
  ],
  ['our page opens the live connection', 'GET', { upgrade: 'websocket', origin: PUBLIC }, true],
  ['a plain read needs no origin', 'GET', { cookie: 'a=b' }, true],
  [
    'the address opened counts as our own',
    'POST',
    { origin: 'http://192.168.1.20:8080', cookie: 'a=b' },
    true,
  ],
  [
    'another port is another site',
    'POST',
    { origin: 'http://192.168.1.20:9090', cookie: 'a=b' },
    false,
  ],
  ['a program with a token is no browser', 'POST', { authorization: 'Bearer x' }, true],
  ['a program without cookies has nothing to lend', 'POST', {}, true],
])('%s', (_what, method, headers, allowed) => {
  expect(isOwnSite(request(method, headers), PUBLIC)).toBe(allowed);
});
