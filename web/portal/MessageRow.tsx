import { Badge, Group, Paper, Stack, Text } from '@mantine/core';
import { IconCheck, IconMicrophone, IconPhoneX } from '@tabler/icons-react';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { DeliveryBadge, worstState } from '../shared/DeliveryBadge.tsx';
import { formatAgo, formatDateTime } from '../shared/format.ts';
import type { FormatOptions } from '../shared/format.ts';
import { callBackNumber } from './message-words.ts';

const RowLink = createLink((props: ComponentPropsWithRef<'a'>) => (
  <Paper component="a" withBorder p="sm" display="block" c="inherit" td="none" {...props} />
));

type RowProps = { message: MessageView; now: number; format: FormatOptions; withCompany: boolean };

/** One message of the list: who, what about, when, and what became of the report. */
export function MessageRow({ message, now, format, withCompany }: RowProps): ReactNode {
  const { t } = useTranslation();
  const handled = message.handledAt !== null;
  const state = worstState(message.deliveries);
  const body = message.fields.body?.trim() ?? '';
  return (
    <RowLink
      to="/portal/messages/$id"
      params={{ id: message.id }}
      search
      data-testid="message-row"
      data-message-id={message.id}
    >
      <Stack gap={6}>
        <Group gap="xs" wrap="nowrap" align="flex-start">
          {message.kind !== 'taken' && (
            <IconPhoneX
              size={20}
              color="var(--mantine-color-red-text)"
              aria-label={t(`portal.kind.${message.kind}`)}
              style={{ flexShrink: 0, marginTop: 2 }}
            />
          )}
          <Text fw={handled ? 400 : 600} lineClamp={3}>
            {message.subject}
          </Text>
        </Group>
        {withCompany && message.subscriberName !== null && (
          <Text size="sm" c="dimmed">
            {message.subscriberName}
          </Text>
        )}
        {body !== '' && (
          <Text size="sm" lineClamp={2}>
            {body}
          </Text>
        )}
        <Text size="sm" c="dimmed">
          {callBackNumber(message) ??
            (message.withheld === null
              ? t('portal.noNumber')
              : t(`console.caller.${message.withheld}`))}
        </Text>
        <Group gap="xs" justify="space-between">
          <Text size="sm" c="dimmed">
            <When at={message.arrivedAt} now={now} format={format} />
          </Text>
          <Group gap={6}>
            {message.recording !== null && (
              <IconMicrophone size={17} aria-label={t('portal.recording.title')} />
            )}
            {handled && (
              <Badge
                variant="outline"
                color="gray"
                size="lg"
                radius="sm"
                tt="none"
                leftSection={<IconCheck size={15} aria-hidden />}
              >
                {t('portal.handled')}
              </Badge>
            )}
            {state === null ? (
              <Text size="sm" c="dimmed">
                {t('delivery.none')}
              </Text>
            ) : (
              <DeliveryBadge state={state} />
            )}
          </Group>
        </Group>
      </Stack>
    </RowLink>
  );
}

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
