import { Badge } from '@mantine/core';
import { IconBeach, IconCircleCheck, IconUsers, IconWalk } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeskView } from '../../src/contract/index.ts';
import { formatDateTime, formatTime } from './format.ts';
import { currentLanguage } from './i18n.ts';
import { aboutQuery } from './session.tsx';

export type Presence = NonNullable<DeskView['contacts'][number]['presence']>;

const LOOKS = {
  in: { color: 'teal', Icon: IconCircleCheck },
  out: { color: 'orange', Icon: IconWalk },
  meeting: { color: 'orange', Icon: IconUsers },
  off: { color: 'gray', Icon: IconBeach },
} as const;

/** Where a contact is and until when; nothing where nobody has said it, or for a time that is over. */
export function PresenceBadge(props: { presence: Presence | null; now: number }): ReactNode {
  const { t } = useTranslation();
  const { data: about } = useQuery(aboutQuery);
  const { presence, now } = props;
  if (presence === null) return null;
  const { state, until } = presence;
  if (until !== null && until <= now) return null;
  const { color, Icon } = LOOKS[state];
  const format = { language: currentLanguage(), timeZone: about?.timeZone };
  const isSoon = until !== null && until - now < 12 * 3_600_000;
  const time =
    until === null ? null : isSoon ? formatTime(until, format) : formatDateTime(until, format);
  return (
    <Badge
      color={color}
      leftSection={<Icon size={16} aria-hidden />}
      data-testid="presence"
      data-state={state}
    >
      {t(`presence.${state}`)}
      {time !== null && ` ${t('presence.until', { time })}`}
    </Badge>
  );
}
