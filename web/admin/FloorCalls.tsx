import { Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { IconMicrophoneOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { FloorView } from '../../src/contract/index.ts';
import { Keys } from '../console/CheatBar.tsx';
import consoleClasses from '../console/console.module.css';
import { useOwnDesk } from '../console/desk-context.ts';
import type { WatchMode } from '../console/desk.ts';
import { WATCH_ICONS, WatchModes } from '../console/WatchBar.tsx';
import { CallPhaseBadge } from '../shared/CallPhaseBadge.tsx';
import { formatDuration } from '../shared/format.ts';
import { useWatchChoice } from './use-watch-choice.ts';
import type { WatchChoice } from './use-watch-choice.ts';

type FloorCall = FloorView['calls'][number];

/** The calls that are up, and for a supervisor with a place of her own the way into each. */
export function FloorCalls(props: {
  floor: FloorView;
  now: number;
  /** Told of calls that are not recorded; while nothing can be stored their own state says less. */
  unrecorded: ReadonlySet<string>;
}): ReactNode {
  const { t } = useTranslation();
  const { floor } = props;
  const choice = useWatchChoice(floor);
  return (
    <Stack component="section" gap="xs" aria-label={t('admin.calls')}>
      <Group justify="space-between" gap="xs">
        <Title order={2} size="h5" tabIndex={-1} data-focus-home>
          {t('admin.calls')}
        </Title>
        {choice.isPossible && (
          <Group gap="xs" visibleFrom="sm">
            <Keys names={['↑↓']} />
            <Text size="xs">{t('admin.watch.choose')}</Text>
          </Group>
        )}
      </Group>
      <Paper>
        {floor.calls.length === 0 ? (
          <Text c="dimmed" p="md">
            {t('admin.noCalls')}
          </Text>
        ) : (
          <CallTable {...props} choice={choice} />
        )}
      </Paper>
      <WhyNot hasCalls={floor.calls.length > 0} />
    </Stack>
  );
}

/** Why this person cannot listen, with what to do about it. */
function WhyNot({ hasCalls }: { hasCalls: boolean }): ReactNode {
  const { t } = useTranslation();
  const own = useOwnDesk();
  if (!hasCalls) return null;
  const device = own?.snapshot.view?.device;
  if (own !== null && (device === undefined || device === 'browser')) return null;
  return (
    <Text size="sm" c="dimmed">
      {t(own === null ? 'admin.watch.noPlace' : 'admin.watch.noBrowser')}
    </Text>
  );
}

/** On a phone the later columns go beneath the company. */
function CallTable(props: {
  floor: FloorView;
  now: number;
  unrecorded: ReadonlySet<string>;
  choice: WatchChoice;
}): ReactNode {
  const { t } = useTranslation();
  const { floor, now, unrecorded, choice } = props;
  return (
    <Table verticalSpacing="xs" horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={{ base: '8rem', sm: '11rem' }}>{t('admin.column.state')}</Table.Th>
          <Table.Th w="5rem" visibleFrom="sm">
            {t('admin.column.since')}
          </Table.Th>
          <Table.Th>{t('admin.column.subscriber')}</Table.Th>
          <Table.Th visibleFrom="sm">{t('admin.column.operator')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {floor.calls.map((call) => (
          <CallRow
            key={call.id}
            call={call}
            now={now}
            isUnrecorded={call.unrecorded || unrecorded.has(call.id)}
            choice={choice}
          />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function CallRow(props: {
  call: FloorCall;
  now: number;
  isUnrecorded: boolean;
  choice: WatchChoice;
}): ReactNode {
  const { t } = useTranslation();
  const { call, now, isUnrecorded, choice } = props;
  const since = formatDuration(now - (call.answeredAt ?? call.arrivedAt));
  const caller = call.callerNumberFormatted ?? t('console.caller.none');
  const isUnder = choice.under === call.id;
  return (
    <Table.Tr
      data-testid="floor-call"
      data-phase={call.phase}
      data-call-id={call.id}
      data-under={isUnder}
      className={consoleClasses['choiceRow'] ?? ''}
    >
      <Table.Td valign="top">
        <CallPhaseBadge phase={call.phase} />
      </Table.Td>
      <Table.Td valign="top" visibleFrom="sm">
        {since}
      </Table.Td>
      <Table.Td valign="top">
        {call.subscriberName ?? t('admin.unknownSubscriber')}
        <Text size="sm" c="dimmed">
          {caller}
          <Text span inherit hiddenFrom="sm">
            {['', since, call.operatorName].filter((part) => part !== null).join('　')}
          </Text>
        </Text>
        {isUnrecorded && (
          <Group gap={6} wrap="nowrap" c="red" data-testid="floor-unrecorded">
            <IconMicrophoneOff size={18} aria-hidden />
            <Text size="sm" fw={600}>
              {t('admin.unrecorded')}
            </Text>
          </Group>
        )}
        <Watching call={call} choice={choice} isUnder={isUnder} />
      </Table.Td>
      <Table.Td valign="top" visibleFrom="sm">
        {call.operatorName}
      </Table.Td>
    </Table.Tr>
  );
}

/** Who is in the call besides its people, and the ways in for the one who looks. */
function Watching(props: { call: FloorCall; choice: WatchChoice; isUnder: boolean }): ReactNode {
  const { call, choice, isUnder } = props;
  const mayWatch = choice.may(call);
  if (call.monitors.length === 0 && !mayWatch) return null;
  return (
    <Stack gap={6} mt={6} align="flex-start">
      {call.monitors.map(({ operatorId, name, mode }) => (
        <Listener key={operatorId} name={name} mode={mode} />
      ))}
      {mayWatch && (
        <WatchModes
          current={null}
          withKeys={isUnder}
          choose={(mode) => choice.watch(call.id, mode)}
        />
      )}
    </Stack>
  );
}

function Listener(props: { name: string; mode: WatchMode }): ReactNode {
  const { t } = useTranslation();
  const { name, mode } = props;
  const Icon = WATCH_ICONS[mode];
  return (
    <Group
      gap={6}
      wrap="nowrap"
      align="flex-start"
      c={mode === 'barge' ? 'red' : 'grape'}
      data-testid="floor-monitor"
      data-mode={mode}
    >
      <Icon size={18} aria-hidden />
      <Text size="sm" fw={600}>
        {t(`console.watch.by.${mode}`, { name })}
      </Text>
    </Group>
  );
}
