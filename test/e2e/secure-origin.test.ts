import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heardBy } from '../harness/browser-ear.ts';
import { launchChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { listenByKeyboard, takeMessageByKeyboard } from '../harness/keyboard-work.ts';
import { NetworkNamespace } from '../harness/network-namespace.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { openPage } from '../harness/pages.ts';
import { has } from '../harness/peers.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { PortalPage } from '../harness/portal-page.ts';
import { testSmtp } from '../harness/smtp.ts';
import type { TestSmtp } from '../harness/smtp.ts';
import { BlockSequence, analyseBlocks } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const seed = Math.floor(Math.random() * 1e6);
const callerSound = new BlockSequence({ seed, lane: 0 });
const operatorSound = new BlockSequence({ seed, lane: 1 });

/** `denwaban certificate`, as an administrator runs it: where the authority, certificate and key are. */
function makeCertificate(
  dataDir: string,
  name: string,
): { authority: string; certificate: string; key: string } {
  execFileSync(process.execPath, ['src/cli/main.ts', 'certificate', name], {
    cwd: ROOT,
    stdio: 'pipe',
    env: { ...process.env, DENWABAN_ENV_FILE: '/dev/null', DENWABAN_DATA_DIR: dataDir },
  });
  const file = (stem: string): string => join(dataDir, 'certificates', `${stem}.pem`);
  return { authority: file('authority'), certificate: file('server'), key: file('server-key') };
}

/** What Chromium is told of a public key that it is to trust. */
function fingerprint(pem: Buffer): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

describe.skipIf(!has('netns') || !has('chromium'))('from another machine', () => {
  let space: NetworkNamespace;

  beforeAll(() => {
    space = NetworkNamespace.open();
  });

  afterAll(() => space.close());

  test('without HTTPS the page says, before sign-in, why there is no microphone and what to do', async () => {
    const platform = await startPlatform({ bind: space.there, prefix: space.prefix });
    const browser = await launchChromium();
    try {
      const page = await openPage(browser);
      await page.goto(`${platform.url}/console`);
      const notice = page.getByTestId('insecure-origin');
      await notice.waitFor();
      expect(new URL(page.url()).pathname).toBe('/sign-in');
      const words = (await notice.textContent()) ?? '';
      expect(words).toContain('このアドレスではマイクを使えません');
      expect(words).toContain(platform.url);
      expect(words).toContain('npm run denwaban -- certificate');
      expect(words).toContain('http://localhost');
    } finally {
      await browser.close();
      await platform.stop();
    }
  });

  describe('over HTTPS', () => {
    let dataDir: string;
    let smtp: TestSmtp;
    let platform: Platform;
    let browser: Browser;
    const trusted = getCACertificates('default');

    beforeAll(async () => {
      dataDir = mkdtempSync(join(tmpdir(), 'denwaban-test-'));
      chmodSync(dataDir, 0o755);
      const paths = makeCertificate(dataDir, space.there);
      const authority = readFileSync(paths.authority);
      setDefaultCACertificates([...trusted, authority.toString()]);
      smtp = await testSmtp({ address: space.here });
      platform = await startPlatform({
        dataDir,
        bind: space.there,
        prefix: space.prefix,
        env: {
          DENWABAN_TLS_CERT: paths.certificate,
          DENWABAN_TLS_KEY: paths.key,
          DENWABAN_SMTP_URL: smtp.url,
          DENWABAN_MAIL_FROM: '電話番 <denwaban@example.jp>',
        },
      });
      await applyOffice(platform, {
        operators: [browserOperator('hanako')],
        addresses: [`${space.here}/32`],
      });
      browser = await launchChromium([
        `--ignore-certificate-errors-spki-list=${fingerprint(authority)}`,
      ]);
    });

    afterAll(async () => {
      await browser.close();
      await platform.stop();
      await smtp.close();
      setDefaultCACertificates(trusted);
      rmSync(dataDir, { recursive: true, force: true });
    });

    test('a call is taken, sent and read by keyboard alone', async () => {
      const desk = await DeskPage.open(browser, platform.url, {
        operator: 'hanako@example.jp',
        speaks: { sequence: operatorSound, seconds: 60 },
      });
      expect(await desk.page.evaluate('window.isSecureContext')).toBe(true);
      const caller = await TrunkCaller.dial(platform, { address: space.here });
      try {
        const spoken = caller.speak(callerSound);
        await takeMessageByKeyboard(desk);
        await spoken;
        await caller.over();
      } finally {
        await caller.close();
      }
      expect(smtp.received[0]?.mail.subject).toBe('【折返し希望】北斗建設 加藤様 → 山田様');
      const portal = await PortalPage.open(browser, platform.url, { email: 'member@example.jp' });
      await portal.openNewest();
      await listenByKeyboard(portal, { caller: callerSound, operator: operatorSound });
      await portal.close();
      await desk.leave();
    });

    test('a cable pulled for some seconds: text waits in the page, the same operator goes on', async () => {
      const desk = await DeskPage.open(browser, platform.url, {
        operator: 'hanako@example.jp',
        speaks: { sequence: operatorSound, seconds: 90 },
      });
      const caller = await TrunkCaller.dial(platform, { address: space.here });
      try {
        await desk.answer();
        await caller.speak(callerSound);
        await desk.page.keyboard.type('北斗');
        await desk.untilDraft('saved');
        space.setCable('down');
        await desk.page.keyboard.type('建設');
        await desk.untilDraft('unsaved');
        await desk.page.waitForTimeout(5_000);
        const before = (await heardBy(desk.page)).length;
        space.setCable('up');
        await desk.untilDraft('saved');
        await desk.untilPhase('talking');
        expect(await desk.field('company').inputValue()).toBe('北斗建設');
        await until(async () => {
          const pcm = (await heardBy(desk.page)).subarray(before);
          return analyseBlocks(pcm, callerSound).seen.length > 5;
        }, 10_000);
        await desk.hangUp();
        await caller.over();
      } finally {
        space.setCable('up');
        await caller.close();
      }
      await desk.close();
    });
  });
});
