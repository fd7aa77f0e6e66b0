import { Badge, Box, Paper, Stack, Table, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconLoader,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrunkView } from '../../src/contract/index.ts';
import { formatAgo } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { EmptyState, LiveState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useLive } from '../shared/use-live.ts';
import { useNow } from '../shared/use-now.ts';
import { TRUNKS_KEY, useTrunks } from './admin-queries.ts';
import { HowToChange } from './HowToChange.tsx';

const LOOKS: Record<TrunkView['state'], { color: string; icon: ReactNode }> = {
  registered: { color: 'green', icon: <IconCircleCheck size={14} aria-hidden /> },
  reachable: { color: 'green', icon: <IconCircleCheck size={14} aria-hidden /> },
  registering: { color: 'gray', icon: <IconLoader size={14} aria-hidden /> },
  checking: { color: 'gray', icon: <IconLoader size={14} aria-hidden /> },
  unwatched: { color: 'gray', icon: <IconCircleDashed size={14} aria-hidden /> },
  refused: { color: 'red', icon: <IconCircleX size={14} aria-hidden /> },
  unreachable: { color: 'orange', icon: <IconAlertTriangle size={14} aria-hidden /> },
};

/** The connections to carriers: how each stands, since when, and what to do about it. */
export function TrunksPanel(): ReactNode {
  const { t } = useTranslation();
  const now = useNow(30_000);
  const queryClient = useQueryClient();
  const query = useTrunks();
  const live = useLive('floor', {
    onFrame: (frame) => {
      if (frame.type === 'trunks') queryClient.setQueryData(TRUNKS_KEY, frame.trunks);
    },
    onReturn: () => void queryClient.invalidateQueries({ queryKey: TRUNKS_KEY }),
  });
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.data.length === 0) {
    return (
      <EmptyState title={t('admin.trunk.none')}>
        <HowToChange />
      </EmptyState>
    );
  }
  return (
    <>
      <LiveState status={live} />
      <Stack gap="md">
        <HowToChange />
        <Paper>
          <Table verticalSpacing="sm" horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('admin.trunk.name')}</Table.Th>
                <Table.Th>{t('admin.trunk.stateTitle')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('admin.trunk.incoming')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('admin.trunk.outgoing')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {query.data.map((trunk) => (
                <TrunkRow key={trunk.id} trunk={trunk} now={now} />
              ))}
            </Table.Tbody>
          </Table>
        </Paper>
      </Stack>
    </>
  );
}

/** On a phone the later columns go beneath the name. */
function TrunkRow({ trunk, now }: { trunk: TrunkView; now: number }): ReactNode {
  return (
    <Table.Tr data-testid="trunk-row">
      <Table.Td>
        <Text>{trunk.name === '' ? trunk.key : trunk.name}</Text>
        <Text size="sm" c="dimmed">
          {trunk.account ?? trunk.key}
        </Text>
        <Box hiddenFrom="sm">
          <Incoming trunk={trunk} />
          <Outgoing trunk={trunk} />
        </Box>
      </Table.Td>
      <Table.Td>
        <State trunk={trunk} now={now} />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Incoming trunk={trunk} />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Outgoing trunk={trunk} />
      </Table.Td>
    </Table.Tr>
  );
}

function State({ trunk, now }: { trunk: TrunkView; now: number }): ReactNode {
  const { t } = useTranslation();
  const language = currentLanguage();
  const { color, icon } = LOOKS[trunk.state];
  const { state, trouble, since } = trunk;
  return (
    <>
      <Badge color={color} variant="light" leftSection={icon}>
        {t(`admin.trunk.state.${state}`)}
      </Badge>
      {state !== 'unwatched' && (
        <Text size="sm" c="dimmed">
          {formatAgo(since, now, { language })}
        </Text>
      )}
      {trouble !== null && (
        <Text size="sm">
          {language === 'ja' ? trouble.ja : trouble.en}
          {trunk.sipStatus !== null && ` (SIP ${trunk.sipStatus})`}
        </Text>
      )}
    </>
  );
}

function Incoming({ trunk }: { trunk: TrunkView }): ReactNode {
  const { t } = useTranslation();
  return (
    <>
      {trunk.addresses.map((address) => (
        <Text key={address} size="sm">
          {address}
        </Text>
      ))}
      {trunk.account !== null && <Text size="sm">{t('admin.trunk.byRegistration')}</Text>}
    </>
  );
}

function Outgoing({ trunk: { outbound } }: { trunk: TrunkView }): ReactNode {
  const { t } = useTranslation();
  return (
    <Text size="sm">
      {outbound === null
        ? t('admin.trunk.inOnly')
        : t(outbound.carriesCalls ? 'admin.trunk.carries' : 'admin.trunk.passedOver', {
            priority: outbound.priority,
          })}
    </Text>
  );
}
