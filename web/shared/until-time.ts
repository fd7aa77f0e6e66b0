/** A wall clock somewhere; `day` counts on past the end of the month, `hour` past midnight. */
type Wall = { year: number; month: number; day: number; hour: number; minute: number };

const TIME =
  /^(午前|午後|am|pm)?(\d{1,2})(?:[:.](\d{2})|時(半|\d{1,2}(?=分?$))?分?|(\d{2}))?(am|pm)?$/;
const DATE = /^(\d{1,2})(?:\/|月)(\d{1,2})日?(.*)$/;
const TODAY = /^(?:今日|本日|today)(?:いっぱい|中)?$/;
const TOMORROW = /^(?:明日|あす|tomorrow)$/;

/**
 * What was typed for "until when" as UTC ms: a time (`15`, `1530`, `15:30`, `3時半`, `3pm`), a day
 * (`12/3`, the whole of it) or both. An hour that is not said to be one of the morning or the
 * afternoon is the next one that the clock on the wall shows. Undefined when it cannot be read.
 */
export function untilTime(
  typed: string,
  now: number,
  timeZone: string | undefined,
): number | undefined {
  const text = typed
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s/g, '')
    .replace(/(?:まで|頃|ごろ)+$/, '');
  const today = wallAt(now, timeZone);
  if (TODAY.test(text)) return instantOf(endOf(today), timeZone);
  if (TOMORROW.test(text)) {
    return instantOf(endOf({ ...today, day: today.day + 1 }), timeZone);
  }
  const date = DATE.exec(text);
  if (date === null) return timeToday(text, now, timeZone);
  return onDay(
    { month: Number(date[1]), day: Number(date[2]), time: date[3] ?? '' },
    now,
    timeZone,
  );
}

function timeToday(text: string, now: number, timeZone: string | undefined): number | undefined {
  const read = timeIn(text);
  if (read === undefined) return undefined;
  const { hour, minute, isExact } = read;
  const today = wallAt(now, timeZone);
  // Within two days one of them is still to come.
  for (let hours = hour; hours <= hour + 48; hours += isExact ? 24 : 12) {
    const at = instantOf({ ...today, hour: hours, minute }, timeZone);
    if (at > now) return at;
  }
  return undefined;
}

function onDay(
  { month, day, time }: { month: number; day: number; time: string },
  now: number,
  timeZone: string | undefined,
): number | undefined {
  const today = wallAt(now, timeZone);
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const read = time === '' ? { hour: 24, minute: 0 } : timeIn(time);
  if (read === undefined) return undefined;
  const { hour, minute } = read;
  const at = instantOf({ ...today, month, day, hour, minute }, timeZone);
  if (at > now) return at;
  return instantOf({ ...today, year: today.year + 1, month, day, hour, minute }, timeZone);
}

function timeIn(text: string): { hour: number; minute: number; isExact: boolean } | undefined {
  const found = TIME.exec(text);
  if (found === null) return undefined;
  const [, before, digits = '', afterColon, afterHour, four, behind] = found;
  const half = before ?? behind;
  const minute = afterHour === '半' ? 30 : Number(afterColon ?? afterHour ?? four ?? 0);
  const hour = hourOf(Number(digits), half);
  if (hour === undefined || minute > 59 || (hour === 24 && minute > 0)) return undefined;
  const isExact = half !== undefined || digits.startsWith('0') || hour > 12;
  return { hour, minute, isExact };
}

function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour <= 24 ? hour : undefined;
  if (hour > 12) return undefined;
  return (hour % 12) + (half === 'pm' || half === '午後' ? 12 : 0);
}

function endOf(day: Wall): Wall {
  return { ...day, hour: 24, minute: 0 };
}

/** What the clocks there show. */
function wallAt(instantMs: number, timeZone: string | undefined): Wall {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(instantMs).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
  };
}

function instantOf(wall: Wall, timeZone: string | undefined): number {
  const asUtc = utcOf(wall);
  // How far its clocks are ahead depends on the instant that is looked for.
  const first = asUtc - aheadMs(asUtc, timeZone);
  return asUtc - aheadMs(first, timeZone);
}

function aheadMs(instantMs: number, timeZone: string | undefined): number {
  const minuteMs = 60_000;
  return utcOf(wallAt(instantMs, timeZone)) - Math.floor(instantMs / minuteMs) * minuteMs;
}

function utcOf({ year, month, day, hour, minute }: Wall): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** The day that ends at this very instant; null for a time within a day. */
export function lastDayBefore(instantMs: number, timeZone: string | undefined): number | null {
  const { hour, minute } = wallAt(instantMs, timeZone);
  return hour === 0 && minute === 0 ? instantMs - 1 : null;
}
