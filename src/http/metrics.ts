import type { MetricFamily } from './ports.ts';

/** Prometheus text format 0.0.4. */
export function renderMetrics(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  for (const { name, help, type, samples } of families) {
    lines.push(`# HELP ${name} ${escape(help)}`, `# TYPE ${name} ${type}`);
    for (const { labels = {}, value } of samples) {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text, true)}"`);
      lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function escape(text: string, quotes = false): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? plain.replaceAll('"', '\\"') : plain;
}

/** What the HTTP side itself counts. */
export class HttpCounters {
  readonly #answers = new Map<string, number>();
  liveConnections = 0;

  answered(method: string, status: number): void {
    const key = `${method} ${Math.floor(status / 100)}xx`;
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
  }

  families(): MetricFamily[] {
    const samples = [...this.#answers].map(([key, value]) => {
      const [method = '', status = ''] = key.split(' ');
      return { labels: { method, status }, value };
    });
    return [
      {
        name: 'denwaban_http_requests_total',
        help: 'Answered HTTP requests.',
        type: 'counter',
        samples,
      },
      {
        name: 'denwaban_live_connections',
        help: 'Open live WebSocket connections.',
        type: 'gauge',
        samples: [{ value: this.liveConnections }],
      },
    ];
  }
}
