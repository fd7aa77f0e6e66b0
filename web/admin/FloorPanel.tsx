import { Badge, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { FloorView, OperatorState } from '../../src/contract/index.ts';
import { formatDuration } from '../shared/format.ts';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useLive } from '../shared/use-live.ts';
import { useNow } from '../shared/use-now.ts';
import { FLOOR_KEY, useFloor } from './admin-queries.ts';
import { HowToChange } from './HowToChange.tsx';

const COLORS: Record<OperatorState, string> = {
  offline: 'gray',
  available: 'teal',
  reserved: 'indigo',
  busy: 'indigo',
  'wrap-up': 'yellow',
  away: 'orange',
};

export function FloorPanel(): ReactNode {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const query = useFloor();
  useLive('floor', {
    onFrame: (frame) => {
      if (frame.type === 'floor') queryClient.setQueryData(FLOOR_KEY, frame.floor);
    },
  });
  const now = useNow(1_000);
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  const floor = query.data;
  return (
    <Stack gap="lg" data-testid="floor">
      <Group gap="sm">
        <Figure label={t('admin.operators')} value={floor.operators.length} />
        <Figure label={t('admin.calls')} value={floor.calls.length} />
        <Figure label={t('admin.undelivered')} value={floor.undelivered} />
      </Group>
      <Operators floor={floor} now={now} />
      <Calls floor={floor} now={now} />
    </Stack>
  );
}

function Figure(props: { label: string; value: number }): ReactNode {
  return (
    <Paper withBorder px="md" py="xs" miw={140}>
      <Text size="sm" c="dimmed">
        {props.label}
      </Text>
      <Text size="xl" fw={600}>
        {props.value}
      </Text>
    </Paper>
  );
}

function Operators({ floor, now }: { floor: FloorView; now: number }): ReactNode {
  const { t } = useTranslation();
  if (floor.operators.length === 0) {
    return (
      <EmptyState title={t('admin.noOperators')}>
        <HowToChange />
      </EmptyState>
    );
  }
  return (
    <Stack component="section" gap="xs" aria-label={t('admin.operators')}>
      <Title order={2} size="h5">
        {t('admin.operators')}
      </Title>
      <Table.ScrollContainer minWidth={480}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('admin.column.name')}</Table.Th>
              <Table.Th>{t('admin.column.state')}</Table.Th>
              <Table.Th>{t('admin.column.since')}</Table.Th>
              <Table.Th>{t('admin.column.device')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {floor.operators.map(({ id, name, state, stateSince, device }) => (
              <Table.Tr key={id} data-testid="floor-operator" data-state={state}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <Badge color={COLORS[state]} variant="light" size="lg" radius="sm" tt="none">
                    {t(`console.state.${state}`)}
                  </Badge>
                </Table.Td>
                <Table.Td>{formatDuration(now - stateSince)}</Table.Td>
                <Table.Td>{t(`admin.device.${device}`)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Calls({ floor, now }: { floor: FloorView; now: number }): ReactNode {
  const { t } = useTranslation();
  return (
    <Stack component="section" gap="xs" aria-label={t('admin.calls')}>
      <Title order={2} size="h5">
        {t('admin.calls')}
      </Title>
      {floor.calls.length === 0 ? (
        <Text c="dimmed">{t('admin.noCalls')}</Text>
      ) : (
        <Table.ScrollContainer minWidth={560}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('admin.column.state')}</Table.Th>
                <Table.Th>{t('admin.column.since')}</Table.Th>
                <Table.Th>{t('admin.column.subscriber')}</Table.Th>
                <Table.Th>{t('admin.column.caller')}</Table.Th>
                <Table.Th>{t('admin.column.operator')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {floor.calls.map((call) => (
                <Table.Tr key={call.id} data-testid="floor-call" data-phase={call.phase}>
                  <Table.Td>{t(`admin.phase.${call.phase}`)}</Table.Td>
                  <Table.Td>{formatDuration(now - (call.answeredAt ?? call.arrivedAt))}</Table.Td>
                  <Table.Td>{call.subscriberName ?? t('admin.unknownSubscriber')}</Table.Td>
                  <Table.Td>{call.callerNumberFormatted ?? t('console.caller.none')}</Table.Td>
                  <Table.Td>{call.operatorName ?? ''}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
