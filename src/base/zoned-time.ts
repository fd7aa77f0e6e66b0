/** A wall-clock reading in a named time zone. `weekday` is 0 (Sunday) to 6. */
export type ZonedTime = {
  year: number;
  month: number;
  day: number;
  weekday: number;
  hour: number;
  minute: number;
  second: number;
};

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(timeZone, made);
  return made;
}

/** Local time of an instant (Unix ms) in an IANA time zone; never the process's own zone. */
export function toZoned(instantMs: number, timeZone: string): ZonedTime {
  const found: Record<string, number> = {};
  for (const { type, value } of formatterFor(timeZone).formatToParts(instantMs)) {
    found[type] = Number(value);
  }
  const pick = (name: string): number => found[name] ?? 0;
  const [year, month, day] = [pick('year'), pick('month'), pick('day')];
  return {
    year,
    month,
    day,
    weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(),
    hour: pick('hour'),
    minute: pick('minute'),
    second: pick('second'),
  };
}

const WEEKDAYS = ['日', '月', '火', '水', '木', '金', '土'];

/** `11月23日(月) 14:05`, the form in which the product writes a moment in Japanese. */
export function formatJapanese(instantMs: number, timeZone: string): string {
  const at = toZoned(instantMs, timeZone);
  const minute = String(at.minute).padStart(2, '0');
  return `${at.month}月${at.day}日(${WEEKDAYS[at.weekday] ?? ''}) ${at.hour}:${minute}`;
}
