import { Alert, Box, Group, Text, Title, VisuallyHidden } from '@mantine/core';
import {
  IconAlertTriangle,
  IconInfoCircle,
  IconMicrophoneOff,
  IconPlayerPauseFilled,
  IconPlayerRecordFilled,
} from '@tabler/icons-react';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { CallPhaseBadge } from '../shared/CallPhaseBadge.tsx';
import { formatClock, formatDuration } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { CallerNumber, CertaintyBadge, companyText, LineText } from './CallFacts.tsx';
import { CallActions, MoreActions } from './CallActions.tsx';
import { isInWrapUp } from './call-phases.ts';
import { colleaguesQuery } from './colleagues.ts';
import classes from './console.module.css';
import { useDeskSnapshot, useServerNow } from './desk-context.ts';
import { FarSides } from './FarSides.tsx';
import { LeftWaiting } from './LeftWaiting.tsx';
import { GreetingBox } from './RingCard.tsx';
import type { RunningAction } from './use-call-actions.ts';
import { WATCH_ICONS } from './WatchBar.tsx';

/** Time on top, the company that never leaves, and the first words. */
export function CallHeader(props: {
  call: CallView;
  timeZone: string | undefined;
  actions: readonly RunningAction[];
}): ReactNode {
  const { t } = useTranslation();
  const { call } = props;
  const { called } = call;
  return (
    <>
      <Box className={classes['company'] ?? ''} px="md" pt={6} pb={4}>
        <TimeLine {...props} />
        <Group justify="space-between" gap="sm" mt={2} wrap="nowrap" align="flex-end">
          <Group gap="sm" align="baseline" flex={1} style={{ rowGap: 2 }}>
            <Title order={1} size="h2" lh={1.3} data-testid="company">
              {companyText(called, t)}
            </Title>
            {/* The greeting below has the reading too; the operations beside it need the room. */}
            {(called.greetingKana === '' || isInWrapUp(call)) && (
              <Text size="sm" c="dimmed">
                {called.subscriberKana}
              </Text>
            )}
            <CertaintyBadge called={called} />
            <LineText called={called} />
          </Group>
          <MoreActions call={call} actions={props.actions} visibleFrom="sm" />
        </Group>
      </Box>
      {hasFirstWords(call) && <GreetingBox called={called} />}
      {/* On a phone only what is wanted at once stays in sight. */}
      <Box hiddenFrom="sm" px="md" py={6}>
        <MoreActions call={call} actions={props.actions} />
      </Box>
      <FaultNotice call={call} />
      <LeftWaiting call={call} />
    </>
  );
}

function TimeLine(props: {
  call: CallView;
  timeZone: string | undefined;
  actions: readonly RunningAction[];
}): ReactNode {
  const { t } = useTranslation();
  const now = useServerNow();
  const { call, timeZone } = props;
  const until = call.endedAt ?? now;
  const isWide = useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false });
  return (
    <div className={classes['timeLine']}>
      {/* On a phone the buttons go below it: beside them its words would stand letter by letter. */}
      <Group gap="md" wrap={isWide ? 'nowrap' : 'wrap'} flex="1 1 20rem" miw={0}>
        <Text
          fz="1.75rem"
          fw={700}
          lh={1.2}
          role="timer"
          data-testid="call-timer"
          aria-label={t('console.call.timer')}
        >
          {formatDuration(call.answeredAt === null ? 0 : until - call.answeredAt)}
        </Text>
        <Text
          component="time"
          size="lg"
          visibleFrom="sm"
          data-testid="local-time"
          aria-label={t('console.call.clock')}
        >
          {formatClock(now, { language: currentLanguage(), timeZone })}
        </Text>
        <CallerNumber caller={call.caller} />
        <Phase call={call} />
      </Group>
      <CallActions call={call} actions={props.actions} />
    </div>
  );
}

const FIRST_WORDS: readonly CallView['phase'][] = ['connecting', 'talking', 'reconnecting'];

/** In large letters beside a contact, or before one who has waited, they would be the wrong ones. */
function hasFirstWords(call: CallView): boolean {
  const isFirst = call.relay === null && call.handOver === null;
  return isFirst && FIRST_WORDS.includes(call.phase) && !isInWrapUp(call);
}

/** Where the call stands, since when she hears music, and what is not as usual. */
function Phase(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const now = useServerNow();
  const { call } = props;
  const { phase, heldSince, muted } = call;
  // Of a call that is up the top line shows it: here it is only said aloud, with all that goes with it.
  const badge = (
    <CallPhaseBadge
      phase={phase}
      word={phase === 'wrap-up' ? endedText(call, t) : undefined}
      data-testid="call-phase"
    />
  );
  return (
    <Group gap="xs" role="status" style={{ rowGap: 0 }}>
      {isInWrapUp(call) ? badge : <VisuallyHidden>{badge}</VisuallyHidden>}
      {heldSince !== null && !isInWrapUp(call) && (
        <Text size="sm" c="orange" fw={600} role="timer" data-testid="hold-timer">
          {t('console.call.held', { time: formatDuration(now - heldSince) })}
        </Text>
      )}
      {muted && (
        <Group gap={4} c="orange" wrap="nowrap" data-testid="muted">
          <IconMicrophoneOff size={16} aria-hidden />
          <Text size="xs">{t('console.call.muted')}</Text>
        </Group>
      )}
      <FarSides call={call} />
      <Recording call={call} />
      <Watchers call={call} />
    </Group>
  );
}

/** A supervisor in the call, and who hears her. */
function Watchers({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { data: colleagues = [] } = useQuery({
    ...colleaguesQuery,
    enabled: call.monitors.length > 0,
  });
  return call.monitors.map(({ operatorId, mode }) => {
    const Icon = WATCH_ICONS[mode];
    const name = colleagues.find(({ id }) => id === operatorId)?.name ?? '';
    return (
      <Group
        key={operatorId}
        gap={4}
        c="grape"
        wrap="nowrap"
        data-testid="watcher"
        data-mode={mode}
      >
        <Icon size={16} aria-hidden />
        <Text size="xs">{t(`console.watch.by.${mode}`, { name })}</Text>
      </Group>
    );
  });
}

/** Ends that are nobody's fault. */
const ENDED_BY = { caller: 'byCaller', operator: 'byOperator', contact: 'byContact' } as const;

function endedText({ termination }: CallView, t: TFunction): string {
  if (termination?.reason === 'line-lost') return t('console.call.lineLost');
  if (termination === null || !isOrdinary(termination.class)) return t('console.call.wrapUp');
  return t(`console.call.${ENDED_BY[termination.class]}`);
}

function Recording({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { unrecorded } = useDeskSnapshot();
  if (call.recordingId === null || isInWrapUp(call)) return null;
  // While nothing can be stored the call itself says less than what this desk was told.
  if (call.unrecorded || unrecorded.has(call.id)) {
    return (
      <Group gap={4} c="red" wrap="nowrap" data-testid="unrecorded">
        <IconAlertTriangle size={16} aria-hidden />
        <Text size="xs" fw={600}>
          {t('console.call.unrecorded')}
        </Text>
      </Group>
    );
  }
  const paused = call.recordingPaused;
  const Icon = paused ? IconPlayerPauseFilled : IconPlayerRecordFilled;
  return (
    <Group
      gap={4}
      c={paused ? 'orange' : 'red'}
      wrap="nowrap"
      data-testid="recording"
      data-paused={paused}
    >
      <Icon size={14} aria-hidden />
      <Text size="xs" fw={paused ? 600 : undefined}>
        {t(paused ? 'console.call.recordingPaused' : 'console.call.recording')}
      </Text>
    </Group>
  );
}

/** A call that was lost, by us or on the way: said plainly, with what can still be done. */
function FaultNotice(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { phase, termination } = props.call;
  if (phase !== 'wrap-up' || termination === null || isOrdinary(termination.class)) return null;
  return (
    <Alert
      radius={0}
      py={6}
      color="orange"
      icon={<IconInfoCircle aria-hidden />}
      role="alert"
      data-testid="call-fault"
    >
      {t(termination.reason === 'line-lost' ? 'console.call.byLine' : 'console.call.byFault')}
    </Alert>
  );
}

function isOrdinary(termination: string): termination is keyof typeof ENDED_BY {
  return Object.hasOwn(ENDED_BY, termination);
}
