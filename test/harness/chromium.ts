import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserServer, LaunchOptions } from 'playwright-core';

/** Debian's Chromium, headless, with a pretended microphone and no traffic of its own. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch(options(args));
}

/** A Chromium that the test may kill. */
export async function launchMortalChromium(): Promise<{ browser: Browser; server: BrowserServer }> {
  // Killed, it does not clear up after itself.
  const dir = mkdtempSync(join(tmpdir(), 'denwaban-chromium-'));
  const env = { ...process.env, TMPDIR: dir };
  const server = await chromium.launchServer({ ...options([]), env });
  server.on('close', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return { browser: await chromium.connect(server.wsEndpoint()), server };
}

function options(args: readonly string[]): LaunchOptions {
  return {
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      ...args,
    ],
  };
}
