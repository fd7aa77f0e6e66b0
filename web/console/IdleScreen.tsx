import { Box, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCoffee,
  IconHeadphones,
  IconInbox,
  IconPhoneX,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { API, nothing, request } from '../shared/api.ts';
import { DeliveryBadge, isUndelivered, worstState } from '../shared/DeliveryBadge.tsx';
import { formatDateTime } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { aboutQuery } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import classes from '../shared/rows.module.css';
import { When } from '../shared/When.tsx';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { useDeskMessages } from './desk-messages.ts';
import { ParkedCalls } from './ParkedCalls.tsx';

/** Between calls: ready or away, and what became of today's messages. */
export function IdleScreen(): ReactNode {
  return (
    <Box p="md" maw={1200} mx="auto" component="main">
      <Stack gap="lg">
        <Readiness />
        <ParkedCalls />
        <Messages />
      </Stack>
    </Box>
  );
}

function Readiness(): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const away = view?.state === 'away';
  const sip = view?.device !== 'browser';
  const lead = sip ? 'console.idle.leadSip' : 'console.idle.lead';
  const Icon = away ? IconCoffee : IconHeadphones;
  return (
    <Paper p="md" data-testid="idle">
      <Group gap="md" wrap="nowrap" c={away ? 'dimmed' : undefined}>
        <Icon size={36} stroke={1.5} aria-hidden style={{ flexShrink: 0 }} />
        <Box>
          <Title order={1} size="h3">
            {t(away ? 'console.idle.away' : 'console.idle.title')}
          </Title>
          <Text c="dimmed">{t(away ? 'console.idle.awayLead' : lead)}</Text>
        </Box>
      </Group>
    </Paper>
  );
}

function Messages(): ReactNode {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useDeskMessages();
  const { data: about } = useQuery(aboutQuery);
  const now = useServerNow();
  if (isPending) return <LoadingState />;
  if (error !== null) return <ProblemState error={error} onRetry={() => void refetch()} />;
  const day = (at: number): string =>
    formatDateTime(at, { language: 'ja', timeZone: about?.timeZone }).split(' ')[0] ?? '';
  // An undelivered one of yesterday is still today's work, the oldest first.
  const undelivered = data
    .filter(({ deliveries }) => isUndelivered(deliveries))
    .sort((a, b) => a.sentAt - b.sentAt);
  const today = data.filter((m) => !undelivered.includes(m) && day(m.sentAt) === day(now));
  const rows = { timeZone: about?.timeZone, now };
  return (
    <>
      {undelivered.length > 0 && (
        <Stack gap="xs" component="section" aria-labelledby="undelivered">
          <Group gap="xs" c="red" role="status" data-testid="undelivered-count">
            <IconAlertTriangle size={22} aria-hidden />
            <Title order={2} size="h4" id="undelivered">
              {t('console.idle.undelivered', { count: undelivered.length })}
            </Title>
          </Group>
          <MessageRows messages={undelivered} {...rows} />
        </Stack>
      )}
      <Stack gap="xs" component="section" aria-labelledby="today">
        <Group gap="sm" align="baseline">
          <Title order={2} size="h4" id="today">
            {t('console.idle.today')}
          </Title>
          {today.length > 0 && (
            <Text c="dimmed">{t('console.idle.count', { count: today.length })}</Text>
          )}
        </Group>
        {today.length > 0 ? (
          <MessageRows messages={today} {...rows} />
        ) : (
          <EmptyState icon={<IconInbox size={32} aria-hidden />} title={t('console.idle.none')}>
            {t('console.idle.noneNext')}
          </EmptyState>
        )}
      </Stack>
    </>
  );
}

type RowOptions = { timeZone: string | undefined; now: number };

function MessageRows(props: RowOptions & { messages: MessageView[] }): ReactNode {
  const { messages, ...options } = props;
  return (
    <Paper className={classes['rows'] ?? ''}>
      {messages.map((message) => (
        <MessageRow key={message.id} message={message} {...options} />
      ))}
    </Paper>
  );
}

function MessageRow(props: RowOptions & { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const { message, now, timeZone } = props;
  const state = worstState(message.deliveries);
  return (
    <Box px="md" py={8} data-testid={`message-${message.id}`}>
      <Group justify="space-between" gap="xs">
        <Box flex="1 1 16rem">
          <Group gap={6} wrap="nowrap" align="flex-start">
            {message.kind !== 'taken' && (
              <IconPhoneX
                size={19}
                color="var(--mantine-color-red-text)"
                aria-label={t(`console.idle.${message.kind}`)}
                style={{ flexShrink: 0, marginTop: 3 }}
              />
            )}
            <Text>{message.subject}</Text>
          </Group>
          <Text size="sm" c="dimmed">
            <When
              at={message.sentAt}
              now={now}
              format={{ language: currentLanguage(), timeZone }}
            />
            {'　'}
            {message.subscriberName ?? t('console.unknownCompany')}
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
    </Box>
  );
}

function Failures(props: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const stopped = props.message.deliveries.filter(
    ({ state }) => state === 'failed' || state === 'uncertain',
  );
  return stopped.map(({ id, destination, lastError }) => (
    <Group key={id} justify="space-between" mt={6} gap="xs">
      <Box>
        <Text size="sm">{destination}</Text>
        <Text size="sm" c="dimmed">
          {lastError}
        </Text>
      </Box>
      <Button
        variant="default"
        onClick={() =>
          desk.attempt(() => request(nothing, 'POST', `${API}/deliveries/${id}/retry`))
        }
        data-testid={`retry-${id}`}
      >
        {t('console.idle.retry')}
      </Button>
    </Group>
  ));
}
