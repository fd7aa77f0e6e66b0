import { Box, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCoffee, IconHeadphones, IconInbox } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { DemoCall } from '../shared/DemoCall.tsx';
import { isUndelivered } from '../shared/DeliveryBadge.tsx';
import { formatDateTime } from '../shared/format.ts';
import { aboutQuery } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { CallBackDialog } from './CallBackDialog.tsx';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { useDeskMessages } from './desk-messages.ts';
import { MessageRows } from './MessageRows.tsx';
import { ParkedCalls } from './ParkedCalls.tsx';
import { useCallBack } from './use-call-back.ts';

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
  const watches = view?.watching != null;
  const away = view?.state === 'away' || watches;
  const sip = view?.device !== 'browser';
  const lead = sip ? 'console.idle.leadSip' : 'console.idle.lead';
  const Icon = away ? IconCoffee : IconHeadphones;
  return (
    <Paper p="md" data-testid="idle">
      <Group gap="md" c={away ? 'dimmed' : undefined}>
        <Icon size={36} stroke={1.5} aria-hidden style={{ flexShrink: 0 }} />
        <Box flex="1 1 12rem">
          <Title order={1} size="h3" tabIndex={-1} data-focus-home>
            {t(
              watches ? 'console.idle.watches' : away ? 'console.idle.away' : 'console.idle.title',
            )}
          </Title>
          <Text c="dimmed">
            {t(watches ? 'console.idle.watchesLead' : away ? 'console.idle.awayLead' : lead)}
          </Text>
        </Box>
        {!away && <DemoCall />}
      </Group>
    </Paper>
  );
}

function Messages(): ReactNode {
  const { data, error, isPending, refetch } = useDeskMessages();
  const { data: about } = useQuery(aboutQuery);
  if (isPending) return <LoadingState />;
  if (error !== null) return <ProblemState error={error} onRetry={() => void refetch()} />;
  return <MessageLists messages={data} timeZone={about?.timeZone} />;
}

function MessageLists(props: { messages: MessageView[]; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { messages, timeZone } = props;
  const desk = useDesk();
  const now = useServerNow();
  const day = (at: number): string =>
    formatDateTime(at, { language: 'ja', timeZone }).split(' ')[0] ?? '';
  // An undelivered one of yesterday is still today's work, the oldest first.
  const undelivered = messages
    .filter(({ deliveries }) => isUndelivered(deliveries))
    .sort((a, b) => a.sentAt - b.sentAt);
  const today = messages.filter((m) => !undelivered.includes(m) && day(m.sentAt) === day(now));
  const callBack = useCallBack([...undelivered, ...today]);
  const rows = { timeZone, now, callBack };
  return (
    <>
      <CallBackDialog
        wish={callBack.wish}
        onOwnDesk={(callId) => desk.customerRings(callId)}
        close={callBack.close}
      />
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
        ) : undelivered.length > 0 ? (
          <Text c="dimmed">{t('console.idle.noneElse')}</Text>
        ) : (
          <EmptyState icon={<IconInbox size={32} aria-hidden />} title={t('console.idle.none')}>
            {t('console.idle.noneNext')}
          </EmptyState>
        )}
      </Stack>
    </>
  );
}
