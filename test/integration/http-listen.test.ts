import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeCertificate } from '../../src/cli/certificate.ts';
import { listen } from '../../src/http/index.ts';
import { httpRig } from '../harness/http-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'denwaban-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Asks over HTTPS, trusting our authority alone; the fingerprint of what was shown. */
async function fingerprint(port: number, ca: Buffer): Promise<string> {
  const request = get({ host: '127.0.0.1', port, path: '/healthz', ca, agent: false });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  expect(answer.statusCode).toBe(200);
  const { socket } = answer;
  if (!(socket instanceof TLSSocket)) throw new Error('the answer came without TLS');
  return socket.getPeerCertificate().fingerprint256;
}

it('serves HTTPS with the certificate of the settings, and reads a new one by itself', async () => {
  const paths = await makeCertificate(['127.0.0.1'], folder);
  const tls = { certPath: paths.certificate, keyPath: paths.key };
  const rig = await httpRig({ users: false, tls, publicUrl: 'https://127.0.0.1' });
  try {
    const port = await listen(rig.app, { host: '127.0.0.1', port: 0 });
    const ca = readFileSync(paths.authority);
    const before = await fingerprint(port, ca);
    await makeCertificate(['127.0.0.1'], folder);
    await expect
      .poll(() => fingerprint(port, ca), { timeout: 30_000, interval: 500 })
      .not.toBe(before);
    const after = await fingerprint(port, ca);
    writeFileSync(paths.certificate, 'broken');
    expect(await fingerprint(port, ca)).toBe(after);
  } finally {
    await rig.close();
  }
});

it('a certificate that cannot be used is said at the start', async () => {
  const certPath = join(folder, 'no.pem');
  const rig = httpRig({ users: false, tls: { certPath, keyPath: certPath } });
  await expect(rig).rejects.toMatchObject({ code: 'tls-unusable' });
});
