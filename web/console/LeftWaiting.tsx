import { Alert, Button, Group } from '@mantine/core';
import { IconPhoneX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { isLeftWaiting } from './call-phases.ts';
import { Keys } from './CheatBar.tsx';
import { useDesk } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import { useDeskKeys } from './use-desk-keys.ts';

/** A transfer that nobody took: what became of it, where the caller is, and the way back to her. */
export function LeftWaiting({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const isWaiting = isLeftWaiting(call) && call.phase === 'waiting';
  // What she wrote stays with the call.
  const back = (): void => desk.attempt(() => desk.operations.pickUp(call.id));
  useDeskKeys({ ...(isWaiting && { hold: back }) });
  const last = call.relay?.outcomes.at(-1);
  if (!isLeftWaiting(call)) return null;
  return (
    <Alert
      radius={0}
      py={6}
      color="orange"
      icon={<IconPhoneX aria-hidden />}
      role="alert"
      data-testid="left-waiting"
    >
      <Group justify="space-between" gap="xs">
        <span>
          {last !== undefined &&
            t('console.left.why', {
              name: last.name === '' ? t('console.relay.otherNumber') : last.name,
              reason: t(`console.relay.reason.${last.reason}`),
            })}
          {t(isWaiting ? 'console.left.waiting' : 'console.left.offered')}
        </span>
        {isWaiting && (
          <Button rightSection={<Keys names={KEY_NAMES.hold} />} onClick={back}>
            {t('console.action.retrieve')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
