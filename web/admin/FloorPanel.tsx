import { Group, Paper, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconClockPause, IconHeadphones, IconPhone } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { FloorView } from '../../src/contract/index.ts';
import { unrecordedAfter } from '../console/notices.ts';
import { formatDuration } from '../shared/format.ts';
import { OperatorStateBadge } from '../shared/OperatorStateBadge.tsx';
import { EmptyState, LiveState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useLive } from '../shared/use-live.ts';
import { useNow } from '../shared/use-now.ts';
import { FLOOR_KEY, useFloor } from './admin-queries.ts';
import { FloorCalls } from './FloorCalls.tsx';
import { HowToChange } from './HowToChange.tsx';

type IconType = ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
export function FloorPanel(): ReactNode {
  const queryClient = useQueryClient();
  const query = useFloor();
  const [unrecorded, setUnrecorded] = useState<ReadonlySet<string>>(new Set());
  const live = useLive('floor', {
    onFrame: (frame) => {
      if (frame.type === 'floor') queryClient.setQueryData(FLOOR_KEY, frame.floor);
      // After a welcome the server names them again.
      if (frame.type === 'welcome') setUnrecorded(new Set());
      if (frame.type === 'notice') setUnrecorded((before) => unrecordedAfter(before, frame.notice));
    },
    onReturn: () => void queryClient.invalidateQueries({ queryKey: FLOOR_KEY }),
  });
  const now = useNow(1_000);
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  const floor = query.data;
  return (
    <>
      <LiveState status={live} />
      <Stack gap="lg" data-testid="floor">
        <Figures floor={floor} />
        <FloorCalls floor={floor} now={now} unrecorded={unrecorded} />
        <Operators floor={floor} now={now} />
      </Stack>
    </>
  );
}

/** What a supervisor asks first; a figure that needs somebody has a colour. */
function Figures({ floor }: { floor: FloorView }): ReactNode {
  const { t } = useTranslation();
  const waiting = floor.calls.filter(({ phase }) => phase === 'waiting' || phase === 'offering');
  const free = floor.operators.filter(({ state }) => state === 'available').length;
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
      <Figure Icon={IconPhone} label={t('admin.calls')} value={floor.calls.length} />
      <Figure
        Icon={IconClockPause}
        label={t('admin.waiting')}
        value={waiting.length}
        color={waiting.length > 0 ? 'orange' : undefined}
      />
      <Figure
        Icon={IconHeadphones}
        label={t('admin.available')}
        value={free}
        of={floor.operators.length}
      />
      <Figure
        Icon={IconAlertTriangle}
        label={t('admin.undelivered')}
        value={floor.undelivered}
        color={floor.undelivered > 0 ? 'red' : undefined}
      />
    </SimpleGrid>
  );
}

function Figure(props: {
  Icon: IconType;
  label: string;
  value: number;
  of?: number;
  color?: string | undefined;
}): ReactNode {
  const { Icon, label, value, of, color } = props;
  return (
    <Paper px="md" py="sm">
      <Group gap={6} wrap="nowrap" c={color ?? 'dimmed'}>
        <Icon size={18} aria-hidden />
        <Text size="sm" style={{ wordBreak: 'auto-phrase' }}>
          {label}
        </Text>
      </Group>
      <Text fz="2rem" fw={600} lh={1.25} c={color}>
        {value}
        {of !== undefined && (
          <Text span size="lg" c="dimmed" fw={400}>
            {' '}
            / {of}
          </Text>
        )}
      </Text>
    </Paper>
  );
}

function Operators({ floor, now }: { floor: FloorView; now: number }): ReactNode {
  const { t } = useTranslation();
  return (
    <Stack component="section" gap="xs" aria-label={t('admin.operators')}>
      <Title order={2} size="h5">
        {t('admin.operators')}
      </Title>
      {floor.operators.length === 0 ? (
        <EmptyState icon={<IconHeadphones size={32} aria-hidden />} title={t('admin.noOperators')}>
          <HowToChange />
        </EmptyState>
      ) : (
        <Paper>
          <Table verticalSpacing="xs" horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={{ base: '11rem', sm: '14rem' }}>{t('admin.column.state')}</Table.Th>
                <Table.Th w="7rem" visibleFrom="sm">
                  {t('admin.column.since')}
                </Table.Th>
                <Table.Th>{t('admin.column.name')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('admin.column.device')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {floor.operators.map(({ id, name, state, stateSince, device, watches }) => (
                <Table.Tr
                  key={id}
                  data-testid="floor-operator"
                  data-state={state}
                  data-watches={watches}
                >
                  <Table.Td>
                    <OperatorStateBadge state={state} watches={watches} />
                  </Table.Td>
                  <Table.Td visibleFrom="sm">{formatDuration(now - stateSince)}</Table.Td>
                  <Table.Td>
                    {name}
                    <Text size="sm" c="dimmed" hiddenFrom="sm">
                      {formatDuration(now - stateSince)}
                    </Text>
                  </Table.Td>
                  <Table.Td visibleFrom="sm">{t(`admin.device.${device}`)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Paper>
      )}
    </Stack>
  );
}
