import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeliveryView } from '../../src/contract/index.ts';
import { DeliveryBadge } from '../shared/DeliveryBadge.tsx';
import { faultText } from '../shared/fault-text.ts';
import { formatDateTime } from '../shared/format.ts';
import type { FormatOptions } from '../shared/format.ts';

/** To whom the report went and what became of it. */
export function DeliveryList(props: {
  deliveries: readonly DeliveryView[];
  format: FormatOptions;
}): ReactNode {
  const { t } = useTranslation();
  return (
    <Stack component="section" gap="xs" aria-label={t('portal.delivery.title')}>
      <Title order={2} size="h5">
        {t('portal.delivery.title')}
      </Title>
      {props.deliveries.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('portal.delivery.none')}
        </Text>
      )}
      {props.deliveries.map((delivery) => (
        <Paper key={delivery.id} p="sm" data-testid="message-delivery">
          <Group justify="space-between" gap="xs">
            <Text size="sm">
              {delivery.destination === '' ? t('delivery.none') : delivery.destination}
            </Text>
            <DeliveryBadge state={delivery.state} />
          </Group>
          <DeliveryNotes delivery={delivery} format={props.format} />
        </Paper>
      ))}
    </Stack>
  );
}

function DeliveryNotes(props: { delivery: DeliveryView; format: FormatOptions }): ReactNode {
  const { t } = useTranslation();
  const { state, attempts, acceptedAt, nextAttemptAt, possibleDuplicate, lastError } =
    props.delivery;
  const time = (at: number): string => formatDateTime(at, props.format);
  const isOver = state === 'accepted';
  const notes = [
    acceptedAt !== null && t('portal.delivery.acceptedAt', { time: time(acceptedAt) }),
    attempts > 1 && t('delivery.attempts', { count: attempts }),
    !isOver && nextAttemptAt !== null && t('delivery.nextAttempt', { time: time(nextAttemptAt) }),
    !isOver && lastError !== null && t('portal.delivery.error', { error: faultText(lastError, t) }),
    possibleDuplicate && t('portal.delivery.duplicate'),
  ].filter((note) => note !== false);
  return notes.map((note) => (
    <Text key={note} size="sm" c="dimmed">
      {note}
    </Text>
  ));
}
