import { Alert, Badge, Box, Group, Text, Title } from '@mantine/core';
import {
  IconInfoCircle,
  IconPhone,
  IconPhoneX,
  IconPlayerRecordFilled,
  IconRefresh,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { formatClock, formatDuration } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { CallerNumber, CertaintyBadge, companyText, LineText } from './CallFacts.tsx';
import { CallActions } from './CallActions.tsx';
import classes from './console.module.css';
import { useServerNow } from './desk-context.ts';
import { GreetingBox } from './RingCard.tsx';

/** Time on top, the company that never leaves, and the first words. */
export function CallHeader(props: { call: CallView; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { call } = props;
  const { called } = call;
  return (
    <>
      <Box className={classes['company'] ?? ''} px="md" pt={6} pb={4}>
        <TimeLine call={call} timeZone={props.timeZone} />
        <Group gap="sm" align="baseline" mt={2}>
          <Title order={1} size="h2" lh={1.3} data-testid="company">
            {companyText(called, t)}
          </Title>
          <Text size="sm" c="dimmed">
            {called.subscriberKana}
          </Text>
          <CertaintyBadge called={called} />
          <LineText called={called} />
        </Group>
      </Box>
      {call.phase !== 'wrap-up' && <GreetingBox called={called} />}
      <FaultNotice call={call} />
    </>
  );
}

function TimeLine(props: { call: CallView; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const now = useServerNow();
  const { call, timeZone } = props;
  const until = call.endedAt ?? now;
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <Group gap="md">
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
        <PhaseBadge call={call} />
        <CallerNumber caller={call.caller} />
      </Group>
      <CallActions call={call} />
    </Group>
  );
}

function PhaseBadge(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { phase, recordingId, termination } = props.call;
  const over = phase === 'wrap-up';
  const Icon = phase === 'reconnecting' ? IconRefresh : over ? IconPhoneX : IconPhone;
  const ended =
    termination !== null && isOrdinary(termination.class)
      ? t(`console.call.${termination.class === 'caller' ? 'byCaller' : 'byOperator'}`)
      : t('console.call.wrapUp');
  const words = {
    connecting: t('console.call.connecting'),
    reconnecting: t('console.call.reconnecting'),
    'wrap-up': ended,
  };
  return (
    <Group gap="xs" role="status">
      <Badge
        color={phase === 'reconnecting' ? 'orange' : over ? 'gray' : 'indigo'}
        leftSection={<Icon size={16} aria-hidden />}
        // The top line says it too; a phone has no room for it twice.
        visibleFrom={phase === 'talking' ? 'sm' : undefined}
        data-testid="call-phase"
        data-phase={phase}
      >
        {phase in words ? words[phase as keyof typeof words] : t('console.call.talking')}
      </Badge>
      {phase === 'talking' && recordingId !== null && (
        <Group gap={4} c="red" wrap="nowrap">
          <IconPlayerRecordFilled size={14} aria-hidden />
          <Text size="xs">{t('console.call.recording')}</Text>
        </Group>
      )}
    </Group>
  );
}

/** A call that we lost, not they: said plainly, with what can still be done. */
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
      {t('console.call.byFault')}
    </Alert>
  );
}

function isOrdinary(termination: string): termination is 'caller' | 'operator' {
  return termination === 'caller' || termination === 'operator';
}
