import { Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
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
      <EmptyState title={t('admin.noSubscribers')}>
        <HowToChange />
      </EmptyState>
    );
  }
  return (
    <Stack gap="md">
      <HowToChange />
      <Table.ScrollContainer minWidth={720}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('admin.column.subscriber')}</Table.Th>
              <Table.Th>{t('admin.column.numbers')}</Table.Th>
              <Table.Th>{t('admin.greeting')}</Table.Th>
              <Table.Th>{t('admin.column.contacts')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {query.data.map((subscriber) => (
              <Table.Tr key={subscriber.id} data-testid="subscriber-row">
                <Table.Td>
                  <Text>{subscriber.name}</Text>
                  <Text size="sm" c="dimmed">
                    {subscriber.kana}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {subscriber.dids.map(({ number, formatted, label }) => (
                    <Text key={number} size="sm">
                      {formatted} {label}
                    </Text>
                  ))}
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{subscriber.greeting}</Text>
                </Table.Td>
                <Table.Td>
                  {subscriber.contacts.map(({ id, name, title, email }) => (
                    <Text key={id} size="sm">
                      {[title, name, email].filter(Boolean).join(' ')}
                    </Text>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
