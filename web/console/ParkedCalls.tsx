import { Box, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconParking } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeskView } from '../../src/contract/index.ts';
import { formatDuration } from '../shared/format.ts';
import rows from '../shared/rows.module.css';
import { Keys } from './CheatBar.tsx';
import { colleaguesQuery } from './colleagues.ts';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import { useDeskKeys } from './use-desk-keys.ts';

type ParkedCall = DeskView['parkedCalls'][number];

/** Callers on music whom any desk may take, the longest parked first; the key takes that one. */
export function ParkedCalls(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view } = useDeskSnapshot();
  const parked = view?.parkedCalls ?? [];
  const pickUp = (callId: string): void => desk.attempt(() => desk.operations.pickUp(callId));
  const [first] = parked;
  useDeskKeys(first === undefined ? {} : { park: () => pickUp(first.id) });
  if (first === undefined) return null;
  return (
    <Stack gap="xs" component="section" aria-labelledby="parked">
      <Group gap="xs" c="red">
        <IconParking size={22} aria-hidden />
        <Title order={2} size="h4" id="parked">
          {t('console.parked.title', { count: parked.length })}
        </Title>
      </Group>
      <Paper className={rows['rows'] ?? ''}>
        {parked.map((call) => (
          <ParkedRow
            key={call.id}
            call={call}
            withKey={call === first}
            onPickUp={() => pickUp(call.id)}
          />
        ))}
      </Paper>
    </Stack>
  );
}

function ParkedRow(props: { call: ParkedCall; withKey: boolean; onPickUp: () => void }): ReactNode {
  const { t } = useTranslation();
  const now = useServerNow();
  const { data: colleagues = [] } = useQuery(colleaguesQuery);
  const { subscriberName, callerNumberFormatted, by, since, note } = props.call;
  const name = colleagues.find(({ id }) => id === by)?.name ?? '';
  return (
    <Group px="md" py={8} justify="space-between" gap="xs" data-testid="parked-call">
      <Box flex="1 1 16rem">
        <Text fw={600}>
          {subscriberName ?? t('console.unknownCompany')}
          {'　'}
          {callerNumberFormatted ?? t('console.caller.none')}
        </Text>
        <Text size="sm" c="dimmed">
          {t('console.parked.by', { name, time: formatDuration(now - since) })}
          {note !== '' && `　${note}`}
        </Text>
      </Box>
      <Button
        rightSection={props.withKey && <Keys names={KEY_NAMES.park} />}
        onClick={props.onPickUp}
        data-testid="pick-up"
      >
        {t('console.parked.pickUp')}
      </Button>
    </Group>
  );
}
