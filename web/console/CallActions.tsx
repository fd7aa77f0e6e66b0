import { Button, Group, Text } from '@mantine/core';
import { IconPhoneOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { Keys } from './CheatBar.tsx';
import { useDesk } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';

/** What can be done with the call itself, each with its key. */
export function CallActions(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  if (props.call.phase === 'wrap-up') return null;
  return (
    <Group gap="xs" role="group" aria-label={t('console.call.actions')} justify="flex-end">
      <Button
        color="red"
        leftSection={<IconPhoneOff size={20} aria-hidden />}
        rightSection={<Keys names={KEY_NAMES['hang-up']} />}
        onClick={() => desk.attempt(() => desk.hangUp())}
        data-testid="hang-up"
      >
        <Text span inherit visibleFrom="sm">
          {t('console.call.hangUp')}
        </Text>
        <Text span inherit hiddenFrom="sm">
          {t('console.keys.hang-up')}
        </Text>
      </Button>
    </Group>
  );
}
