import { describe, expect, it } from 'vitest';
import type { Report } from '../messages/index.ts';
import { renderMail } from './mail-template.ts';
import type { MailView } from './mail-template.ts';

const report: Report = {
  subject: '【折返し希望】株式会社みどり 佐藤様 → 山田様',
  headline: '株式会社みどり 佐藤様が折返しのお電話をご希望です。',
  urgent: false,
  rows: [
    { label: '受電日時', value: '11月24日(火) 14:05' },
    { label: '電話番号', value: '03-0123-4567' },
    { label: '受付番号', value: '8K3F-21' },
  ],
  body: '見積もりの件です。\n今日中に <至急> & お電話ください。',
  receiptNumber: '8K3F-21',
};
const view: MailView = {
  report,
  url: 'https://denwaban.example.jp/portal/messages/msg_1',
  office: 'みらい電話代行',
  possibleDuplicate: false,
};

describe('the mail of a message', () => {
  it('says everything in both forms, in the same order', async () => {
    const mail = renderMail(view);
    expect(mail.subject).toBe(report.subject);
    await expect(mail.text).toMatchFileSnapshot('snapshots/message.txt');
    await expect(mail.html).toMatchFileSnapshot('snapshots/message.html');
    for (const { label, value } of report.rows) {
      expect(mail.text).toContain(`${label}： ${value}`);
      expect(mail.html).toContain(value);
    }
  });

  it('marks a copy that may be the second, with the same receipt number', async () => {
    const mail = renderMail({ ...view, possibleDuplicate: true });
    expect(mail.subject).toBe(`【再送】${report.subject}`);
    await expect(mail.text).toMatchFileSnapshot('snapshots/resent.txt');
    expect(mail.html).toContain('【再送】');
    expect(mail.html).toContain('受付番号 8K3F-21');
  });

  it('tells of an unanswered call in fewer words', async () => {
    const unanswered: Report = {
      ...report,
      subject: '【不在着信】090-0123-4567',
      headline: '090-0123-4567よりお電話がありましたが、応答できませんでした。',
      body: '',
    };
    const mail = renderMail({ ...view, report: unanswered, office: '' });
    await expect(mail.text).toMatchFileSnapshot('snapshots/unanswered.txt');
    expect(mail.text).not.toContain('用件');
  });

  it('begins with the sentence a lock screen shows', () => {
    const mail = renderMail(view);
    expect(mail.text.split('\n')[0]).toBe(report.headline);
    const firstWords = /<body[^>]*>\s*<div style="display:none[^"]*">([^<]*)</.exec(mail.html)?.[1];
    expect(firstWords).toBe(report.headline);
  });

  it('lets no word of a caller become markup', () => {
    const evil = '<script>alert(1)</script><a href="https://example.com">&\'';
    const mail = renderMail({
      ...view,
      office: evil,
      url: 'https://x/"onclick="',
      report: {
        ...report,
        subject: evil,
        headline: evil,
        body: evil,
        rows: [{ label: evil, value: evil }],
      },
    });
    expect(mail.html).not.toContain('<script');
    expect(mail.html).not.toContain('"onclick');
    expect(mail.html.match(/<a\s/g)).toHaveLength(1);
  });

  it('never claims that it arrived', () => {
    const mail = renderMail({ ...view, possibleDuplicate: true });
    expect(mail.text + mail.html).not.toMatch(/配達|配信済|到達|delivered/i);
  });
});
