import type { Report } from '../messages/index.ts';

/** Text that is HTML already; everything else is escaped on its way in. */
class SafeHtml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | SafeHtml | readonly SafeHtml[];

function html(strings: TemplateStringsArray, ...parts: Part[]): SafeHtml {
  let text = strings[0] ?? '';
  parts.forEach((part, i) => {
    text += written(part) + (strings[i + 1] ?? '');
  });
  return new SafeHtml(text);
}

function written(part: Part): string {
  if (part instanceof SafeHtml) return part.text;
  if (typeof part === 'string') return escapeHtml(part);
  return part.map((piece) => piece.text).join('');
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}

export type MailView = {
  report: Report;
  /** The message's page in the portal. */
  url: string;
  /** The answering office's name; may be empty. */
  office: string;
  /** An earlier copy may have arrived. */
  possibleDuplicate: boolean;
};

export type MailWords = { subject: string; text: string; html: string };

/**
 * The mail of a message, for a lock screen first: subject, then one line that says it all, then
 * the rest in the same order in both forms. It never claims more than that it was sent.
 */
export function renderMail(view: MailView): MailWords {
  const { report, possibleDuplicate } = view;
  return {
    subject: `${possibleDuplicate ? '【再送】' : ''}${report.subject}`,
    text: textOf(view),
    html: `<!doctype html>\n${documentOf(view).text}\n`,
  };
}

function resentNote({ receiptNumber }: Report): string {
  return `送信結果を確認できなかったため、もう一度お送りしています。受付番号 ${receiptNumber} のメールがすでに届いている場合は同じ内容です。`;
}

function footer(view: MailView): string {
  return view.office === ''
    ? 'このメールは電話受付システムからお送りしています。'
    : `このメールは${view.office}の電話受付からお送りしています。`;
}

function textOf(view: MailView): string {
  const { report } = view;
  const lines = [report.headline];
  if (view.possibleDuplicate) lines.push('', `【再送】${resentNote(report)}`);
  if (report.body !== '') lines.push('', '■ 用件', report.body);
  lines.push('', ...report.rows.map(({ label, value }) => `${label}： ${value}`));
  lines.push('', '伝言の確認・対応済みの記録・録音の再生:', view.url, '', '--', footer(view), '');
  return lines.join('\n');
}

const FONT = "'Hiragino Sans','Noto Sans JP','Yu Gothic UI',Meiryo,sans-serif";
const DARK = `
@media (prefers-color-scheme: dark) {
  .page { background: #141517 !important; }
  .card { background: #1f2023 !important; border-color: #3a3b3f !important; }
  .ink { color: #f1f3f5 !important; }
  .faint { color: #a6a7ab !important; }
  .line { border-color: #3a3b3f !important; }
  .note { background: #3b2f13 !important; color: #ffe8a3 !important; }
}`;

function documentOf(view: MailView): SafeHtml {
  const { report } = view;
  return html`<html lang="ja">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width" />
      <meta name="color-scheme" content="light dark" />
      <meta name="supported-color-schemes" content="light dark" />
      <title>${report.subject}</title>
      <style>
        ${new SafeHtml(DARK)}
      </style>
    </head>
    <body class="page" style="margin:0;padding:0;background:#f1f3f5">
      <div style="display:none;max-height:0;overflow:hidden">${report.headline}</div>
      ${pageOf(view)}
    </body>
  </html>`;
}

function pageOf(view: MailView): SafeHtml {
  const { report } = view;
  return html`<table
    role="presentation"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    class="page"
    style="background:#f1f3f5"
  >
    <tr>
      <td align="center" style="padding:16px 8px">
        <table
          role="presentation"
          width="100%"
          cellpadding="0"
          cellspacing="0"
          class="card"
          style="max-width:560px;background:#ffffff;border:1px solid #dee2e6;border-radius:8px;font-family:${new SafeHtml(FONT)}"
        >
          <tr>
            <td
              class="ink"
              style="padding:20px 20px 4px;font-size:18px;line-height:1.5;font-weight:bold;color:${report.urgent ? '#c92a2a' : '#1a1b1e'}"
            >
              ${report.headline}
            </td>
          </tr>
          ${view.possibleDuplicate ? noteRow(report) : []}
          ${report.body === '' ? [] : bodyRow(report)}
          <tr>
            <td style="padding:8px 20px">
              <table
                role="presentation"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                style="font-size:15px;line-height:1.6"
              >
                ${report.rows.map(factRow)}
              </table>
            </td>
          </tr>
          <tr>
            <td style="padding:12px 20px 20px">
              <a
                href="${view.url}"
                style="display:inline-block;padding:12px 20px;background:#1864ab;color:#ffffff;font-size:16px;font-weight:bold;text-decoration:none;border-radius:6px"
                >伝言を開く</a
              >
              <div
                class="faint"
                style="padding-top:8px;font-size:13px;line-height:1.5;color:#5c5f66"
              >
                対応済みの記録と録音の再生もこちらからできます。
              </div>
            </td>
          </tr>
        </table>
        <div
          class="faint"
          style="max-width:560px;padding:12px 8px;font-family:${new SafeHtml(FONT)};font-size:12px;line-height:1.5;color:#5c5f66"
        >
          ${footer(view)}
        </div>
      </td>
    </tr>
  </table>`;
}

function noteRow(report: Report): SafeHtml {
  return html`<tr>
    <td style="padding:8px 20px">
      <div
        class="note"
        style="padding:8px 12px;background:#fff3bf;color:#5c3c00;font-size:14px;line-height:1.5;border-radius:6px"
      >
        【再送】${resentNote(report)}
      </div>
    </td>
  </tr>`;
}

function bodyRow(report: Report): SafeHtml {
  return html`<tr>
    <td
      class="ink"
      style="padding:8px 20px;font-size:16px;line-height:1.7;color:#1a1b1e;word-break:break-word"
    >
      ${report.body.split('\n').map((line) => html`${line}<br />`)}
    </td>
  </tr>`;
}

function factRow({ label, value }: { label: string; value: string }): SafeHtml {
  return html`<tr>
    <td
      class="faint line"
      valign="top"
      style="padding:6px 12px 6px 0;border-top:1px solid #e9ecef;color:#5c5f66;white-space:nowrap"
    >
      ${label}
    </td>
    <td
      class="ink line"
      valign="top"
      width="100%"
      style="padding:6px 0;border-top:1px solid #e9ecef;color:#1a1b1e;word-break:break-word"
    >
      ${value}
    </td>
  </tr> `;
}
