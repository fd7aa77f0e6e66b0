import { Box, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconBuilding } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { SubscriberView } from '../../src/contract/index.ts';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useSubscribers } from './admin-queries.ts';
import { HowToChange } from './HowToChange.tsx';

export function SubscribersPanel(): ReactNode {
  const { t } = useTranslation();
  const query = useSubscribers();
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.data.length === 0) {
    return (
      <EmptyState icon={<IconBuilding size={32} aria-hidden />} title={t('admin.noSubscribers')}>
        <HowToChange />
      </EmptyState>
    );
  }
  return (
    <Stack gap="md">
      {query.data.map((subscriber) => (
        <SubscriberCard key={subscriber.id} subscriber={subscriber} />
      ))}
      <HowToChange />
    </Stack>
  );
}

function SubscriberCard({ subscriber }: { subscriber: SubscriberView }): ReactNode {
  const { t } = useTranslation();
  const { name, kana, greeting, dids, contacts, relay } = subscriber;
  return (
    <Paper component="article" p="md" aria-label={name} data-testid="subscriber-row">
      <Text size="sm" c="dimmed">
        {kana}
      </Text>
      <Title order={2} size="h4" mb="sm">
        {name}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="lg" verticalSpacing="sm">
        <Facts label={t('admin.column.numbers')}>
          {dids.map(({ number, formatted, label }) => (
            <Text key={number}>
              {formatted}{' '}
              <Text span c="dimmed" size="sm">
                {label}
              </Text>
            </Text>
          ))}
        </Facts>
        <Facts label={t('admin.greeting')}>
          <Text lang="ja">{greeting}</Text>
        </Facts>
        <Facts label={t('admin.column.contacts')}>
          {contacts.map(({ id, name: person, title, phone, email }) => (
            <Box key={id}>
              <Text>
                {person}{' '}
                <Text span c="dimmed" size="sm">
                  {title}
                </Text>
              </Text>
              {[phone, email].filter(Boolean).map((way) => (
                <Text key={way} size="sm" c="dimmed">
                  {way}
                </Text>
              ))}
            </Box>
          ))}
        </Facts>
        <Facts label={t('admin.relay.title')}>
          <Stack gap={0} data-testid="relay-rules">
            <Text size="sm">{t(`admin.relay.recordRelayed.${yesNo(relay.recordRelayed)}`)}</Text>
            <Text size="sm">{t(`admin.relay.blindTransfer.${yesNo(relay.blindTransfer)}`)}</Text>
            <Text size="sm">{t(`admin.relay.afterRelay.${relay.afterRelay}`)}</Text>
          </Stack>
        </Facts>
      </SimpleGrid>
    </Paper>
  );
}

const yesNo = (is: boolean): 'yes' | 'no' => (is ? 'yes' : 'no');

function Facts(props: { label: string; children: ReactNode }): ReactNode {
  return (
    <Stack gap={2}>
      <Text size="sm" c="dimmed">
        {props.label}
      </Text>
      {props.children}
    </Stack>
  );
}
