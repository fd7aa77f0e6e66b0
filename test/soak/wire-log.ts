/** A request that the product sent to one of our telephones, as first seen. */
type Sent = { method: string; uri: string; cseq: number; branch: string; at: string };

/** They take no CSeq of their own, or belong to no dialog. */
const OF_NO_DIALOG: ReadonlySet<string> = new Set(['ACK', 'CANCEL', 'OPTIONS']);

/** What the product may send inside a dialog, seen from the wire alone. */
export class WireLog {
  readonly #dialogs = new Map<string, Sent[]>();

  note(message: string, atMs: number): void {
    const [, method, uri = ''] = /^([A-Z]+) (\S+) SIP\/2\.0\r\n/.exec(message) ?? [];
    if (method === undefined || OF_NO_DIALOG.has(method)) return;
    const cseq = Number(/^CSeq: *(\d+)/im.exec(message)?.[1]);
    const branch = /^Via:[^\r\n]*;branch=([^;\s,]+)/im.exec(message)?.[1] ?? '';
    const tag = /^From:[^\r\n]*;tag=([^;\s]+)/im.exec(message)?.[1] ?? '';
    const sipCallId = /^Call-ID: *(\S+)/im.exec(message)?.[1] ?? '';
    const key = `${sipCallId} ${tag}`;
    const sent = this.#dialogs.get(key) ?? [];
    this.#dialogs.set(key, sent);
    if (sent.some((one) => one.branch === branch)) return;
    sent.push({ method, uri, cseq, branch, at: new Date(atMs).toISOString().slice(11) });
  }

  /** One sentence for each rule that was broken. */
  violations(): string[] {
    const found: string[] = [];
    for (const [key, sent] of this.#dialogs) {
      const list = sent
        .map(({ method, uri, cseq, at }) => `${at} ${cseq} ${method} ${uri}`)
        .join(', ');
      if (sent.filter(({ method }) => method === 'BYE').length > 1) {
        found.push(`more than one BYE in ${key}: ${list}`);
      }
      if (sent.some(({ cseq }, i) => i > 0 && cseq <= (sent[i - 1]?.cseq ?? 0))) {
        found.push(`CSeq does not rise in ${key}: ${list}`);
      }
    }
    return found;
  }

  clear(): void {
    this.#dialogs.clear();
  }
}
