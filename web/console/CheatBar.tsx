import { Group, Kbd, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { callActions } from './call-actions.ts';
import type { CallKey } from './call-actions.ts';
import { isInWrapUp } from './call-phases.ts';
import classes from './console.module.css';
import type { ConsoleMode } from './console-mode.ts';
import { KEY_NAMES } from './keys.ts';

type KeyOf = Exclude<keyof typeof KEY_NAMES, CallKey | 'call-back' | 'dismiss'>;
const SHOWN: Record<'ring' | 'talk' | 'wrap-up' | 'talk-sent' | 'wrap-up-sent', KeyOf[]> = {
  'talk-sent': ['hang-up', 'presence'],
  'wrap-up-sent': ['finish', 'presence'],
  ring: ['answer', 'decline'],
  talk: [
    'hang-up',
    'send',
    'call-type',
    'callback',
    'urgency',
    'caller-number',
    'first-field',
    'presence',
  ],
  'wrap-up': ['send', 'finish', 'call-type', 'callback', 'urgency', 'caller-number', 'presence'],
};

export function Keys(props: { names: readonly string[] }): ReactNode {
  return (
    <Text span visibleFrom="sm" aria-hidden className={classes['keyNames'] ?? ''}>
      {props.names.map((name) => (
        <Kbd key={name}>{name}</Kbd>
      ))}
    </Text>
  );
}

/** The keys that do something now. */
export function CheatBar(props: {
  mode: ConsoleMode;
  call: CallView | null;
  sent: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const { mode, call, sent } = props;
  const wrapUp = call !== null && isInWrapUp(call);
  const inCall = SHOWN[`${wrapUp ? 'wrap-up' : 'talk'}${sent ? '-sent' : ''}`].filter(
    (action) =>
      (action !== 'hang-up' || call?.operations.includes('hang-up')) &&
      (action !== 'call-type' || call?.phase !== 'consulting') &&
      (action !== 'presence' || call?.called.subscriberId != null),
  );
  const shown = mode === 'call' ? inCall : mode === 'ring' || mode === 'idle' ? SHOWN.ring : [];
  const operations = mode === 'call' && call !== null ? callActions(call) : [];
  if (shown.length + operations.length === 0) return null;
  return (
    <Group
      component="footer"
      className={classes['keys'] ?? ''}
      gap="md"
      style={{ rowGap: 2 }}
      px="md"
      py={4}
      aria-label={t('console.keys.title')}
      data-testid="cheat-bar"
    >
      {operations.map(({ key, does }) => (
        <Group key={key} gap={6} wrap="nowrap">
          <Keys names={KEY_NAMES[key]} />
          <Text size="xs">{t(`console.action.${does}`)}</Text>
        </Group>
      ))}
      {shown.map((action) => (
        <Group key={action} gap={6} wrap="nowrap">
          <Keys names={KEY_NAMES[action]} />
          <Text size="xs">{t(`console.keys.${action}`)}</Text>
        </Group>
      ))}
      {mode === 'call' && !sent && (
        <Group gap={6} wrap="nowrap">
          <Keys names={['Enter']} />
          <Text size="xs">{t('console.keys.next')}</Text>
        </Group>
      )}
    </Group>
  );
}
