import type { ReactNode } from 'react';
import { formatAgo, formatDateTime } from './format.ts';
import type { FormatOptions } from './format.ts';

/** `11月23日(月) 14:05 · 3分前`; past a day the date says it alone. */
export function When(props: { at: number; now: number; format: FormatOptions }): ReactNode {
  const date = formatDateTime(props.at, props.format);
  const ago = formatAgo(props.at, props.now, props.format);
  return (
    <time dateTime={new Date(props.at).toISOString()}>
      {date}
      {ago !== date && ` · ${ago}`}
    </time>
  );
}
