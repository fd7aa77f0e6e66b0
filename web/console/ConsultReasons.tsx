import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import type { RelayReason } from './call-commands.ts';
import { Keys } from './CheatBar.tsx';
import { useDesk } from './desk-context.ts';
import { useDeskKeys } from './use-desk-keys.ts';

/** The answers of a contact that lead back to the caller; their place is their key. */
const REASONS = [
  'call-back',
  'declined',
  'absent',
  'voicemail',
  'wrong-number',
] as const satisfies readonly RelayReason[];

/** Back to the caller with what the contact said: it decides the next phrase. */
export function ConsultReasons({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const back = (reason: RelayReason | undefined): void => {
    if (reason !== undefined) desk.attempt(() => desk.operations.retrieve(call.id, reason));
  };
  useDeskKeys({ 'call-type': ({ index }) => back(REASONS[index]) });
  return (
    <Stack gap={4} role="group" aria-label={t('console.relay.backBecause')}>
      <Text size="xs" c="dimmed">
        {t('console.relay.backBecause')}
      </Text>
      <Group gap={6}>
        {REASONS.map((reason, place) => (
          <Button
            key={reason}
            size="sm"
            px="xs"
            variant="default"
            rightSection={<Keys names={['Alt', `${place + 1}`]} />}
            onClick={() => back(reason)}
            data-testid={`back-${reason}`}
          >
            {t(`console.relay.reason.${reason}`)}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
