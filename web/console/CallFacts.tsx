import { Badge, Group, Text, Tooltip } from '@mantine/core';
import {
  IconAlertCircle,
  IconCircleCheck,
  IconHelpCircle,
  IconPhoneIncoming,
  IconPhoneOff,
  IconWorld,
} from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';

type Called = CallView['called'];
type Caller = CallView['caller'];

/** The caller's number, or the reason there is none. */
export function callerText(caller: Caller, t: TFunction): string {
  const number = caller.numberFormatted ?? caller.rawNumber;
  if (number !== null) return number;
  return caller.withheld === null
    ? t('console.caller.none')
    : t(`console.caller.${caller.withheld}`);
}

export function companyText(called: Called, t: TFunction): string {
  return called.subscriberName ?? t('console.unknownCompany');
}

export function CallerNumber(props: { caller: Caller; size?: 'md' | 'xl' }): ReactNode {
  const { t } = useTranslation();
  const { caller, size = 'md' } = props;
  const hasNumber = caller.numberFormatted !== null || caller.rawNumber !== null;
  const Icon = hasNumber ? IconPhoneIncoming : IconPhoneOff;
  return (
    <Group gap={6} data-testid="caller-number">
      <Icon size={size === 'xl' ? 24 : 18} aria-hidden style={{ flexShrink: 0 }} />
      <Text fw={600} size={size}>
        {callerText(caller, t)}
      </Text>
      {caller.international && (
        <Badge color="orange" leftSection={<IconWorld size={16} aria-hidden />}>
          {t('console.caller.international')}
        </Badge>
      )}
      {caller.displayName !== null && hasNumber && (
        <Text size="sm" c="dimmed">
          {caller.displayName}
        </Text>
      )}
    </Group>
  );
}

/** Which of the subscriber's numbers was rung. */
export function LineText(props: { called: Called; size?: 'sm' | 'lg' }): ReactNode {
  const { didFormatted, didLabel, dialedNumber } = props.called;
  return (
    <Text span size={props.size ?? 'sm'} data-testid="line">
      {didLabel !== null && didLabel !== '' && `${didLabel} `}
      {didFormatted ?? dialedNumber}
    </Text>
  );
}

const CERTAINTY = {
  certain: { color: 'teal', Icon: IconCircleCheck },
  likely: { color: 'orange', Icon: IconAlertCircle },
  unknown: { color: 'red', Icon: IconHelpCircle },
} as const;

/** How the company was recognised and how surely: icon, word and colour. */
export function CertaintyBadge(props: { called: Called; withHow?: boolean }): ReactNode {
  const { t } = useTranslation();
  const { certainty, how } = props.called;
  const { color, Icon } = CERTAINTY[certainty];
  const words = t(`console.how.${how}`);
  return (
    <Group gap={6}>
      <Tooltip label={words} disabled={props.withHow}>
        <Badge
          color={color}
          leftSection={<Icon size={16} aria-hidden />}
          data-testid="certainty"
          data-certainty={certainty}
        >
          {t(`console.certainty.${certainty}`)}
        </Badge>
      </Tooltip>
      {props.withHow && <Text size="sm">{words}</Text>}
    </Group>
  );
}
