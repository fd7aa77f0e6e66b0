import { Button, Group, Text, VisuallyHidden } from '@mantine/core';
import { IconEar, IconEarOff, IconMessage2, IconMicrophone2 } from '@tabler/icons-react';
import type { ComponentType, CSSProperties, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeskView } from '../../src/contract/index.ts';
import { CallPhaseBadge } from '../shared/CallPhaseBadge.tsx';
import { formatDuration } from '../shared/format.ts';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import type { WatchMode } from './desk.ts';
import { useWatchKeys } from './use-watch-keys.ts';
import { WATCH_KEY_NAMES, WATCH_MODES } from './watch-keys.ts';

export const WATCH_ICONS: Record<
  WatchMode,
  ComponentType<{ size?: number; style?: CSSProperties; 'aria-hidden'?: boolean }>
> = { listen: IconEar, whisper: IconMessage2, barge: IconMicrophone2 };

/** The colleague's call I am in, whom I am heard by, and the way out: on every page of mine. */
export function WatchBar(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view } = useDeskSnapshot();
  const watching = view?.watching ?? null;
  useWatchKeys((deed) => {
    if (watching === null) return null;
    if (deed === 'stop') return () => desk.attempt(() => desk.stopWatching());
    return () => desk.attempt(() => desk.watch(watching.callId, deed));
  });
  const said =
    watching === null
      ? ''
      : t(`console.watch.now.${watching.mode}`, { name: watching.operatorName ?? '' });
  return (
    <>
      {/* Always there, so that what comes into it is said aloud. */}
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      {watching !== null && <Watched watching={watching} said={said} />}
    </>
  );
}

function Watched(props: { watching: NonNullable<DeskView['watching']>; said: string }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { callId, mode, phase, subscriberName, callerNumberFormatted, answeredAt } = props.watching;
  const Icon = WATCH_ICONS[mode];
  return (
    <Group
      component="section"
      className={classes['watch'] ?? ''}
      aria-label={t('console.watch.title')}
      px="md"
      py={8}
      gap="md"
      justify="space-between"
      data-testid="watching"
      data-mode={mode}
      data-call-id={callId}
    >
      <Group gap="sm" wrap="nowrap">
        <Icon size={24} aria-hidden style={{ flexShrink: 0 }} />
        <div>
          <Group gap="xs">
            <Text fw={600}>{props.said}</Text>
            <CallPhaseBadge phase={phase} />
            <Elapsed since={answeredAt} />
          </Group>
          <Text size="sm">
            {[
              subscriberName ?? t('console.unknownCompany'),
              callerNumberFormatted ?? t('console.caller.none'),
            ].join('　')}
          </Text>
        </div>
      </Group>
      <Group gap="xs">
        <WatchModes
          current={mode}
          choose={(next) => desk.attempt(() => desk.watch(callId, next))}
        />
        <StopButton />
      </Group>
    </Group>
  );
}

function Elapsed({ since }: { since: number | null }): ReactNode {
  const now = useServerNow();
  return since === null ? null : (
    <Text size="sm" role="timer">
      {formatDuration(now - since)}
    </Text>
  );
}

/** 聞く・ささやく・割り込む; the one in force is filled. */
export function WatchModes(props: {
  current: WatchMode | null;
  /** Their keys are shown where they would do the same. */
  withKeys?: boolean;
  choose: (mode: WatchMode) => void;
}): ReactNode {
  const { t } = useTranslation();
  const { current, withKeys = true, choose } = props;
  return (
    <Group gap={4} role="group" aria-label={t('console.watch.title')}>
      {WATCH_MODES.map((mode) => {
        const Icon = WATCH_ICONS[mode];
        return (
          <Button
            key={mode}
            size="sm"
            px="xs"
            variant={mode === current ? 'filled' : 'default'}
            color={mode === 'barge' && mode === current ? 'red' : undefined}
            aria-pressed={mode === current}
            aria-keyshortcuts={withKeys ? WATCH_KEY_NAMES[mode].join('+') : undefined}
            leftSection={<Icon size={18} aria-hidden />}
            rightSection={withKeys && <Keys names={WATCH_KEY_NAMES[mode]} />}
            onClick={() => choose(mode)}
            data-focus-home={mode === current || undefined}
            data-testid={`watch-${mode}`}
          >
            {t(`console.watch.${mode}`)}
          </Button>
        );
      })}
    </Group>
  );
}

function StopButton(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  return (
    <Button
      size="sm"
      px="xs"
      variant="default"
      leftSection={<IconEarOff size={18} aria-hidden />}
      rightSection={<Keys names={WATCH_KEY_NAMES.stop} />}
      aria-keyshortcuts={WATCH_KEY_NAMES.stop.join('+')}
      onClick={() => desk.attempt(() => desk.stopWatching())}
      data-testid="watch-stop"
    >
      {t('console.watch.stop')}
    </Button>
  );
}
