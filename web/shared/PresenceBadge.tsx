import { Badge } from '@mantine/core';
import { IconBeach, IconCircleCheck, IconUsers, IconWalk } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeskView } from '../../src/contract/index.ts';
import { formatDateTime, formatDay, formatTime } from './format.ts';
import type { FormatOptions } from './format.ts';
import { currentLanguage } from './i18n.ts';
import { aboutQuery } from './session.tsx';
import { lastDayBefore } from './until-time.ts';

export type Presence = NonNullable<DeskView['contacts'][number]['presence']>;

export const PRESENCE_LOOKS = {
  in: { color: 'teal', Icon: IconCircleCheck },
  out: { color: 'orange', Icon: IconWalk },
  meeting: { color: 'orange', Icon: IconUsers },
  off: { color: 'gray', Icon: IconBeach },
} as const;

/** `15:00まで`; a whole day by its date. */
export function untilText(until: number, now: number, format: FormatOptions, t: TFunction): string {
  const lastDay = lastDayBefore(until, format.timeZone);
  if (lastDay !== null) {
    const day = formatDay(lastDay, format);
    return day === formatDay(now, format)
      ? t('presence.untilTonight')
      : t('presence.until', { time: day });
  }
  const isSoon = until - now < 12 * 3_600_000;
  return t('presence.until', {
    time: isSoon ? formatTime(until, format) : formatDateTime(until, format),
  });
}

/** Where a contact is and until when; nothing where nobody has said it, or for a time that is over. */
export function PresenceBadge(props: { presence: Presence | null; now: number }): ReactNode {
  const { t } = useTranslation();
  const { data: about } = useQuery(aboutQuery);
  const { presence, now } = props;
  if (presence === null) return null;
  const { state, until } = presence;
  if (until !== null && until <= now) return null;
  const { color, Icon } = PRESENCE_LOOKS[state];
  const format = { language: currentLanguage(), timeZone: about?.timeZone };
  return (
    <Badge
      color={color}
      leftSection={<Icon size={16} aria-hidden />}
      data-testid="presence"
      data-state={state}
    >
      {t(`presence.${state}`)}
      {until !== null && ` ${untilText(until, now, format, t)}`}
    </Badge>
  );
}
