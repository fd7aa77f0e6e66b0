import { Alert, Badge, Box, Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconInfoCircle, IconPhoneOff, IconPlayerRecordFilled } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { formatClock, formatDuration } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { CallerNumber, CertaintyBadge, companyText, LineText } from './CallFacts.tsx';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useServerNow } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
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
          <Title order={1} size="h3" lh={1.3} data-testid="company">
            {companyText(called, t)}
          </Title>
          <Text size="sm" c="dimmed">
            {called.subscriberKana}
          </Text>
          <CertaintyBadge called={called} />
          <LineText called={called} />
        </Group>
      </Box>
      <GreetingBox called={called} />
      <HeaderNotes call={call} />
    </>
  );
}

function TimeLine(props: { call: CallView; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const now = useServerNow();
  const { call, timeZone } = props;
  const isOver = call.phase === 'wrap-up';
  const until = call.endedAt ?? now;
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <Group gap="md">
        <Text
          fz="1.75rem"
          fw={700}
          lh={1.2}
          data-testid="call-timer"
          aria-label={t('console.call.timer')}
        >
          {formatDuration(call.answeredAt === null ? 0 : until - call.answeredAt)}
        </Text>
        <Text size="lg" data-testid="local-time" aria-label={t('console.call.clock')}>
          {formatClock(now, { language: currentLanguage(), timeZone })}
        </Text>
        <PhaseBadge call={call} />
        <CallerNumber caller={call.caller} />
      </Group>
      {!isOver && (
        <Button
          color="red"
          size="sm"
          style={{ flexShrink: 0 }}
          leftSection={<IconPhoneOff size={20} aria-hidden />}
          rightSection={<Keys names={KEY_NAMES['hang-up']} />}
          onClick={() => desk.attempt(() => desk.hangUp())}
          data-testid="hang-up"
        >
          {t('console.call.hangUp')}
        </Button>
      )}
    </Group>
  );
}

function PhaseBadge(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { phase, recordingId } = props.call;
  const over = phase === 'wrap-up';
  const words = {
    connecting: t('console.call.connecting'),
    reconnecting: t('console.call.reconnecting'),
    'wrap-up': t('console.call.wrapUp'),
  };
  return (
    <Group gap="xs" role="status">
      <Badge
        color={phase === 'reconnecting' ? 'orange' : over ? 'grape' : 'indigo'}
        variant="light"
        size="lg"
        radius="sm"
        tt="none"
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

/** In plain sentences: how the call ended, and what the subscriber wants minded. */
function HeaderNotes(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { call } = props;
  const ending = endingText(call, t);
  return (
    <Stack gap={0}>
      {ending !== null && (
        <Alert
          radius={0}
          py={6}
          color={ending.fault ? 'orange' : 'gray'}
          icon={<IconInfoCircle aria-hidden />}
          role={ending.fault ? 'alert' : 'status'}
          data-testid="call-ending"
        >
          {ending.words}
        </Alert>
      )}
      {call.called.note !== '' && (
        <Text px="md" py={4} size="sm" style={{ whiteSpace: 'pre-line' }} data-testid="note">
          <Text span fw={700}>
            {t('console.call.note')}:{' '}
          </Text>
          {call.called.note}
        </Text>
      )}
    </Stack>
  );
}

function endingText(call: CallView, t: TFunction): { words: string; fault: boolean } | null {
  if (call.phase !== 'wrap-up' || call.termination === null) return null;
  switch (call.termination.class) {
    case 'caller':
      return { words: t('console.call.byCaller'), fault: false };
    case 'operator':
      return { words: t('console.call.byOperator'), fault: false };
    default:
      return { words: t('console.call.byFault'), fault: true };
  }
}
