import type { Language } from './i18n.ts';

const LOCALES: Record<Language, string> = { ja: 'ja-JP', en: 'en-GB' };

export type FormatOptions = { language: Language; timeZone?: string };

function parts(instantMs: number, timeZone: string | undefined): Map<string, string> {
  const format = new Intl.DateTimeFormat('ja-JP', {
    timeZone,
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  return new Map(format.formatToParts(instantMs).map((part) => [part.type, part.value]));
}

/** `11月23日(月) 14:05`, `Mon 23 Nov 14:05` */
export function formatDateTime(instantMs: number, options: FormatOptions): string {
  return `${formatDay(instantMs, options)} ${formatTime(instantMs, options)}`;
}

/** `11月23日(月)`, `Mon 23 Nov` */
export function formatDay(instantMs: number, options: FormatOptions): string {
  if (options.language === 'ja') {
    const p = parts(instantMs, options.timeZone);
    return `${p.get('month') ?? ''}月${p.get('day') ?? ''}日(${p.get('weekday') ?? ''})`;
  }
  const day = new Intl.DateTimeFormat(LOCALES.en, {
    timeZone: options.timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  });
  return day.format(instantMs).replace(',', '');
}

/** `14:05` */
export function formatTime(instantMs: number, options: FormatOptions): string {
  const p = parts(instantMs, options.timeZone);
  return `${p.get('hour') ?? ''}:${p.get('minute') ?? ''}`;
}

/** `14:05:09`, the wall clock beside the timer. */
export function formatClock(instantMs: number, options: FormatOptions): string {
  return `${formatTime(instantMs, options)}:${(parts(instantMs, options.timeZone).get('second') ?? '').padStart(2, '0')}`;
}

/** `3分前`, `3 min ago`; past a day the date itself is clearer. */
export function formatAgo(instantMs: number, nowMs: number, options: FormatOptions): string {
  const minutes = Math.floor((nowMs - instantMs) / 60_000);
  if (minutes >= 24 * 60) return formatDateTime(instantMs, options);
  const ja = options.language === 'ja';
  if (minutes < 1) return ja ? 'たった今' : 'just now';
  if (minutes < 60) return ja ? `${minutes}分前` : `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return ja ? `${hours}時間前` : `${hours} h ago`;
}

/** `0:07`, `12:34`, `1:02:03` */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = two(seconds % 60);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
