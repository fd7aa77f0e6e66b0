import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { DeskPage } from './desk-page.ts';
import { InputMethod, focusedLabel } from './pages.ts';
import { until } from './platform.ts';
import type { PortalPage } from './portal-page.ts';
import { analyseBlocks, foreignLevelDb } from './tone-blocks.ts';
import type { BlockSequence } from './tone-blocks.ts';

/** Everything from the ring to the next call, with the keyboard alone. */
export async function takeMessageByKeyboard(desk: DeskPage): Promise<void> {
  const { page } = desk;
  const { keyboard } = page;
  const input = await InputMethod.of(page);
  const hangUps = countRequests(page, '/hang-up');
  const sends = countRequests(page, '/message');

  await desk.untilMode('ring');
  expect(await desk.get('ring-card').textContent()).toContain('さくら法律事務所');
  expect(await desk.get('ring-card').textContent()).toContain('090-0123-4567');
  // A slip from F2 to F4 does not cut the caller off.
  await Promise.all([keyboard.press('F2'), keyboard.press('F4')]);
  await until(async () => (await focusedLabel(page)) === '会社名', 5_000);
  await desk.untilPhase('talking');
  expect(await desk.get('greeting').textContent()).toContain('さくら法律事務所でございます');

  await input.compose('ほくとけんせつ', '北斗建設');
  expect(await focusedLabel(page)).toBe('会社名');
  await keyboard.press('Enter');
  expect(await focusedLabel(page)).toBe('会社名フリガナ');
  await keyboard.press('Enter');
  await input.compose('かとう', '加藤', 'after');
  expect(await focusedLabel(page)).toBe('お名前');
  await keyboard.press('Enter');
  await keyboard.press('Enter');
  expect(await focusedLabel(page)).toBe('電話番号');
  await keyboard.press('Alt+T');
  expect(await desk.field('phone').inputValue()).toBe('090-0123-4567');
  expect(await desk.get('read-back').textContent()).toContain(
    'ゼロキュウゼロ、ゼロイチニサン、ヨンゴロクナナ',
  );
  await keyboard.press('Enter');
  expect(await focusedLabel(page)).toBe('宛先');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  expect(await focusedLabel(page)).toBe('用件');
  await input.pressSendWhileComposing('みつもり');
  await input.compose('のけん', 'の件', 'after');
  expect(await desk.field('body').inputValue()).toBe('みつもりの件');
  await keyboard.press('Alt+R');
  await desk.untilDraft('saved');
  expect(sends()).toBe(0);
  expect(hangUps()).toBe(0);

  await page.waitForTimeout(1_500);
  await keyboard.press('F4');
  await keyboard.press('F4');
  await desk.untilPhase('wrap-up');
  expect(hangUps()).toBe(1);

  await keyboard.press('Control+Enter');
  await desk.get('sent-panel').waitFor();
  expect(sends()).toBe(1);
  await desk.get('delivery-accepted').waitFor();
  await keyboard.press('Alt+Enter');
  await desk.untilMode('idle');
  await desk.untilState('available');
}

/** Play, seek, and each voice by itself. */
export async function listenByKeyboard(
  portal: PortalPage,
  sounds: { caller: BlockSequence; operator: BlockSequence },
): Promise<void> {
  await portal.press('recording-play');
  await until(async () => (await portal.playedSeconds()) > 0.5, 10_000);
  const both = await portal.heard();
  expect(analyseBlocks(both.left, sounds.caller).seen.length).toBeGreaterThan(5);
  expect(analyseBlocks(both.right, sounds.operator).seen.length).toBeGreaterThan(5);

  const thumb = portal.get('recording-seek').getByRole('slider');
  await thumb.focus();
  await portal.page.keyboard.press('Home');
  await until(async () => (await portal.playedSeconds()) < 1, 5_000);
  for (let press = 0; press < 20; press++) await portal.page.keyboard.press('ArrowRight');
  await until(async () => (await portal.playedSeconds()) >= 2, 5_000);

  await portal.chooseChannel('お客様');
  const caller = await portal.heard();
  expectOnly(caller.right, sounds.caller, sounds.operator);
  await portal.chooseChannel('電話秘書');
  const operator = await portal.heard();
  expectOnly(operator.left, sounds.operator, sounds.caller);
}

function expectOnly(pcm: Int16Array, speaker: BlockSequence, other: BlockSequence): void {
  expect(analyseBlocks(pcm, speaker).seen.length).toBeGreaterThan(5);
  expect(foreignLevelDb(pcm, other, speaker).typical).toBeLessThan(-40);
}

/** How often the page asks for this. */
function countRequests(page: Page, ending: string): () => number {
  let count = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith(ending)) count++;
  });
  return () => count;
}
