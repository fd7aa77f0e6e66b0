import { Box, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconCoffee, IconHeadphones, IconInbox } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { API, nothing, request } from '../shared/api.ts';
import { DeliveryBadge, isUndelivered, worstState } from '../shared/DeliveryBadge.tsx';
import { formatAgo, formatDateTime, formatTime } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { aboutQuery } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { useDeskMessages } from './desk-messages.ts';

/** Between calls: ready or away, and what became of today's messages. */
export function IdleScreen(): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const away = view?.state === 'away';
  const sip = view?.device !== 'browser';
  const lead = sip ? 'console.idle.leadSip' : 'console.idle.lead';
  const Icon = away ? IconCoffee : IconHeadphones;
  return (
    <Box p="md" maw={1200} mx="auto" component="main">
      <Stack gap="lg">
        <Paper withBorder p="lg" radius="md" data-testid="idle">
          <Group gap="md" wrap="nowrap">
            <Icon size={40} stroke={1.5} aria-hidden />
            <Box>
              <Title order={1} size="h3">
                {t(away ? 'console.idle.away' : 'console.idle.title')}
              </Title>
              <Text c="dimmed">{t(away ? 'console.idle.awayLead' : lead)}</Text>
            </Box>
          </Group>
        </Paper>
        <TodayMessages />
      </Stack>
    </Box>
  );
}

function TodayMessages(): ReactNode {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useDeskMessages();
  const { data: about } = useQuery(aboutQuery);
  const now = useServerNow();
  if (isPending) return <LoadingState />;
  if (error !== null) return <ProblemState error={error} onRetry={() => void refetch()} />;
  const day = (at: number): string =>
    formatDateTime(at, { language: 'ja', timeZone: about?.timeZone }).split(' ')[0] ?? '';
  const undelivered = data.filter(({ deliveries }) => isUndelivered(deliveries));
  // An undelivered one of yesterday is still today's work.
  const rest = data.filter((m) => !undelivered.includes(m) && day(m.sentAt) === day(now));
  return (
    <Stack gap="sm" component="section" aria-label={t('console.idle.today')}>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t('console.idle.today')}
        </Title>
        {undelivered.length > 0 && (
          <Text c="red" fw={600} role="status" data-testid="undelivered-count">
            {t('console.idle.undelivered', { count: undelivered.length })}
          </Text>
        )}
      </Group>
      {undelivered.length + rest.length === 0 ? (
        <Paper withBorder>
          <EmptyState icon={<IconInbox size={32} aria-hidden />} title={t('console.idle.none')}>
            {t('console.idle.noneNext')}
          </EmptyState>
        </Paper>
      ) : (
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm">
          {[...undelivered, ...rest].map((message) => (
            <MessageCard key={message.id} message={message} timeZone={about?.timeZone} now={now} />
          ))}
        </SimpleGrid>
      )}
    </Stack>
  );
}

function MessageCard(props: {
  message: MessageView;
  timeZone: string | undefined;
  now: number;
}): ReactNode {
  const { t } = useTranslation();
  const { message, now } = props;
  const options = { language: currentLanguage(), timeZone: props.timeZone };
  const state = worstState(message.deliveries);
  return (
    <Paper
      withBorder
      p="sm"
      data-testid={`message-${message.id}`}
      style={isUndelivered(message.deliveries) ? { borderColor: 'var(--mantine-color-red-6)' } : {}}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="sm">
        <Box style={{ minWidth: 0 }}>
          <Text size="sm" c="dimmed">
            {formatTime(message.sentAt, options)}（{formatAgo(message.sentAt, now, options)}）{' '}
            {message.subscriberName ?? t('console.unknownCompany')}
          </Text>
          <Text fw={600}>
            {message.kind !== 'taken' && `${t(`console.idle.${message.kind}`)} `}
            {message.subject}
          </Text>
        </Box>
        {state === null ? (
          <Text size="sm" c="dimmed" style={{ flexShrink: 0 }}>
            {t('delivery.none')}
          </Text>
        ) : (
          <DeliveryBadge state={state} />
        )}
      </Group>
      <Failures message={message} />
    </Paper>
  );
}

function Failures(props: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const stopped = props.message.deliveries.filter(
    ({ state }) => state === 'failed' || state === 'uncertain',
  );
  return stopped.map(({ id, destination, lastError }) => (
    <Group key={id} justify="space-between" mt="xs" gap="xs">
      <Text size="sm">
        {destination} {lastError}
      </Text>
      <Button
        variant="default"
        size="xs"
        onClick={() =>
          desk.attempt(() => request(nothing, 'POST', `${API}/deliveries/${id}/retry`))
        }
      >
        {t('console.idle.retry')}
      </Button>
    </Group>
  ));
}
