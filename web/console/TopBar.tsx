import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  Group,
  Image,
  Menu,
  Modal,
  Text,
  VisuallyHidden,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconClockPause,
  IconCoffee,
  IconHeadphones,
  IconHeadphonesOff,
  IconParking,
  IconPower,
  IconRefresh,
} from '@tabler/icons-react';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CallPhaseBadge } from '../shared/CallPhaseBadge.tsx';
import { formatDuration } from '../shared/format.ts';
import { OperatorStateBadge } from '../shared/OperatorStateBadge.tsx';
import { UserMenu } from '../shared/UserMenu.tsx';
import { AudioSettings } from './AudioSettings.tsx';
import { isInWrapUp, isOffered } from './call-phases.ts';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { LevelBar } from './LevelBar.tsx';

/** Who I am to the floor, how many wait, whether I am heard; and the way to pause or stop. */
export function TopBar(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view } = useDeskSnapshot();
  return (
    <Group
      component="header"
      className={classes['line'] ?? ''}
      h={52}
      px={{ base: 'xs', sm: 'md' }}
      gap="xs"
      wrap="nowrap"
      justify="space-between"
    >
      <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
        <Anchor href="/" visibleFrom="sm" aria-label={t('common.toHome')}>
          <Image src="/icon.svg" alt="" w={28} h={28} />
        </Anchor>
        <StateBadge />
        {view !== null && (
          <Badge
            variant={view.waitingCalls > 0 ? 'filled' : 'default'}
            fw={view.waitingCalls > 0 ? 600 : 400}
            color="orange"
            leftSection={<IconClockPause size={16} aria-hidden />}
            visibleFrom={view.waitingCalls > 0 ? undefined : 'sm'}
            data-testid="waiting-calls"
          >
            <Text span inherit visibleFrom="sm">
              {t('console.waiting', { count: view.waitingCalls })}
            </Text>
            <Text span inherit hiddenFrom="sm">
              {view.waitingCalls}
            </Text>
          </Badge>
        )}
        <VisuallyHidden role="status">
          {view !== null &&
            view.parkedCalls.length > 0 &&
            t('console.parked.title', { count: view.parkedCalls.length })}
        </VisuallyHidden>
        {view !== null && view.parkedCalls.length > 0 && (
          <Badge
            aria-hidden
            variant="filled"
            color="red"
            leftSection={<IconParking size={16} aria-hidden />}
            style={{ flexShrink: 0 }}
            data-testid="parked-count"
          >
            <Text span inherit visibleFrom="sm">
              {t('console.parked.count', { count: view.parkedCalls.length })}
            </Text>
            <Text span inherit hiddenFrom="sm">
              {view.parkedCalls.length}
            </Text>
          </Badge>
        )}
      </Group>
      <Group gap="xs" wrap="nowrap">
        <AudioButton />
        <PresenceButtons />
        <UserMenu beforeSignOut={() => desk.setPresence('offline').catch(() => undefined)}>
          {(view?.state === 'available' || view?.state === 'away') && (
            <Menu.Item
              hiddenFrom="sm"
              leftSection={<IconPower size={18} aria-hidden />}
              onClick={() => desk.attempt(() => desk.setPresence('offline'))}
            >
              {t('console.presence.end')}
            </Menu.Item>
          )}
        </UserMenu>
      </Group>
    </Group>
  );
}

function StateBadge(): ReactNode {
  const { view } = useDeskSnapshot();
  const now = useServerNow();
  if (view === null) return null;
  // During a call its own timer counts.
  const counts = view.state !== 'busy' && view.state !== 'reserved';
  const badge = {
    size: 'xl',
    'data-testid': 'operator-state',
    'data-state': view.state,
    role: 'status',
  } as const;
  const { call } = view;
  return (
    <Group gap="xs" wrap="nowrap" style={{ flexShrink: 0 }}>
      {view.state === 'busy' && call !== null && !isInWrapUp(call) ? (
        // Said aloud by the call's own header, with all that goes with it.
        <CallPhaseBadge phase={call.phase} {...badge} role={undefined} />
      ) : (
        <OperatorStateBadge state={view.state} watches={view.watching?.mode ?? null} {...badge} />
      )}
      {counts && (
        <Text size="sm" c="dimmed" visibleFrom="md" aria-hidden>
          {formatDuration(now - view.stateSince)}
        </Text>
      )}
    </Group>
  );
}

function AudioButton(): ReactNode {
  const { t } = useTranslation();
  const { audio, view } = useDeskSnapshot();
  const [opened, { open, close }] = useDisclosure(false);
  const ringing = view !== null && isOffered(view);
  // A ringing call must not hide behind a dialog.
  useEffect(() => {
    if (ringing) close();
  }, [ringing, close]);
  if (view?.device !== 'browser' || audio.phase === 'off') return null;
  const isUp = audio.phase === 'up';
  const words = isUp ? t('console.audio.up') : t('console.audio.reconnecting');
  return (
    <>
      <Group
        gap={6}
        wrap="nowrap"
        visibleFrom="md"
        data-testid="audio-state"
        data-phase={audio.phase}
      >
        {isUp ? <LevelBar width={64} /> : <IconRefresh size={18} aria-hidden />}
        <Text size="xs" c={isUp ? 'dimmed' : 'orange'}>
          {words}
        </Text>
      </Group>
      <ActionIcon
        variant="default"
        size="lg"
        onClick={open}
        aria-label={`${t('console.audio.open')} (${words})`}
        data-testid="audio-settings"
      >
        {isUp ? <IconHeadphones size={20} /> : <IconHeadphonesOff size={20} />}
      </ActionIcon>
      <Modal
        opened={opened}
        onClose={close}
        title={t('console.audio.open')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        <AudioSettings />
      </Modal>
    </>
  );
}

function PresenceButtons(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view, audio } = useDeskSnapshot();
  if (view === null) return null;
  const onShift = view.device !== 'browser' || audio.phase === 'up';
  const set = (presence: 'available' | 'away' | 'offline') => () =>
    desk.attempt(() => desk.setPresence(presence));
  return (
    <>
      {view.state === 'available' && (
        <Button
          variant="default"
          px="sm"
          aria-label={t('console.presence.away')}
          onClick={set('away')}
          data-testid="go-away"
        >
          <IconCoffee size={18} aria-hidden />
          <Text span ml={8} size="sm" visibleFrom="sm">
            {t('console.presence.away')}
          </Text>
        </Button>
      )}
      {view.state === 'away' && onShift && (
        <Button px="sm" onClick={set('available')} data-testid="come-back">
          {t('console.presence.back')}
        </Button>
      )}
      {(view.state === 'available' || view.state === 'away') && (
        <Button
          variant="subtle"
          color="gray"
          px="sm"
          visibleFrom="sm"
          onClick={set('offline')}
          data-testid="end-shift"
        >
          {t('console.presence.end')}
        </Button>
      )}
    </>
  );
}
