import { Button, Group, Text } from '@mantine/core';
import {
  IconArrowBackUp,
  IconDialpad,
  IconMicrophone,
  IconMicrophoneOff,
  IconParking,
  IconPhoneCheck,
  IconPhoneOff,
  IconPhoneOutgoing,
  IconPhonePause,
  IconPlayerPause,
  IconPlayerRecord,
  IconUsersGroup,
  IconUserShare,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import type { CallDeed, CallKey } from './call-actions.ts';
import { Keys } from './CheatBar.tsx';
import { useDesk } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import type { RunningAction } from './use-call-actions.ts';

const ICONS: Record<CallDeed, ComponentType<{ size?: number; 'aria-hidden'?: boolean }>> = {
  hold: IconPhonePause,
  retrieve: IconArrowBackUp,
  connect: IconPhoneCheck,
  'three-way': IconUsersGroup,
  relay: IconPhoneOutgoing,
  mute: IconMicrophoneOff,
  unmute: IconMicrophone,
  'pause-recording': IconPlayerPause,
  'resume-recording': IconPlayerRecord,
  park: IconParking,
  'hand-over': IconUserShare,
  'send-digits': IconDialpad,
};

/** Whom she talks with next stands beside hanging up; the rest has a line of its own. */
const MAIN: readonly CallKey[] = ['hold', 'connect', 'three-way', 'relay'];

/** With a contact on the line another relay is the rare wish, and there is no room for it. */
function isMain({ key }: RunningAction, call: CallView): boolean {
  return MAIN.includes(key) && !(key === 'relay' && call.phase === 'consulting');
}

/** What can be done with the call itself, each with its key. */
export function CallActions(props: {
  call: CallView;
  actions: readonly RunningAction[];
}): ReactNode {
  const { t } = useTranslation();
  const main = props.actions.filter((action) => isMain(action, props.call));
  const mayHangUp = props.call.operations.includes('hang-up');
  if (main.length === 0 && !mayHangUp) return null;
  return (
    <Group
      gap="xs"
      role="group"
      aria-label={t('console.call.actions')}
      justify="flex-end"
      ml={{ base: 0, sm: 'auto' }}
    >
      {main.map((action) => (
        <ActionButton key={action.key} action={action} />
      ))}
      {mayHangUp && <HangUpButton />}
    </Group>
  );
}

/** Microphone, recording, parking and handing over. */
export function MoreActions(props: {
  call: CallView;
  actions: readonly RunningAction[];
  visibleFrom?: 'sm' | undefined;
}): ReactNode {
  const { t } = useTranslation();
  const more = props.actions.filter((action) => !isMain(action, props.call));
  if (more.length === 0) return null;
  return (
    <Group
      gap="xs"
      role="group"
      aria-label={t('console.call.moreActions')}
      visibleFrom={props.visibleFrom}
      style={{ flexShrink: 0 }}
    >
      {more.map((action) => (
        // The bar below shows their keys: with them the line would not fit beside the company.
        <ActionButton key={action.key} action={action} withKeys={false} />
      ))}
    </Group>
  );
}

function ActionButton(props: { action: RunningAction; withKeys?: boolean }): ReactNode {
  const { t } = useTranslation();
  const { action, withKeys = true } = props;
  const { key, does, run } = action;
  const Icon = ICONS[does];
  const stands = does === 'unmute' || does === 'resume-recording';
  const leads = does === 'connect' || does === 'retrieve';
  return (
    <Button
      size="sm"
      px="xs"
      variant={leads ? 'filled' : stands ? 'light' : 'default'}
      color={stands ? 'orange' : does === 'connect' ? 'teal' : undefined}
      leftSection={<Icon size={18} aria-hidden />}
      rightSection={withKeys && <Keys names={KEY_NAMES[key]} />}
      aria-keyshortcuts={KEY_NAMES[key].join('+')}
      onClick={run}
      data-testid={`action-${key}`}
      data-does={does}
    >
      {t(`console.action.${does}`)}
    </Button>
  );
}

function HangUpButton(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  return (
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
  );
}
