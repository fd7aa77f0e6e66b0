import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconInfoCircle,
  IconPlugConnectedX,
  IconVolumeOff,
} from '@tabler/icons-react';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../shared/i18n.ts';
import { problemText } from '../shared/problem-text.ts';
import { Keys } from './CheatBar.tsx';
import type { ConsoleMode } from './console-mode.ts';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import type { Notice } from './notices.ts';
import { useDeskKeys } from './use-desk-keys.ts';

const REASSURING: ReadonlySet<string> = new Set([
  'app-restarted',
  'saved-again',
  'recording-again',
  'disk-room',
  'all-taken',
]);

/** What the operator must know besides the call: sound, connection, refusals, notices. */
export function Banners(props: { mode: ConsoleMode }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { live, notices, problem } = useDeskSnapshot();
  // The call's own header says it while the call is shown.
  const shown = notices.filter(
    ({ code }) => code !== 'call-ended-by-fault' || props.mode !== 'call',
  );
  const newest = shown.at(-1);
  useDeskKeys({
    ...((problem !== null || newest !== undefined) && {
      dismiss: () => {
        if (problem !== null) desk.dismissProblem();
        else if (newest !== undefined) desk.dismissNotice(newest.id);
      },
    }),
  });
  return (
    <>
      {props.mode !== 'start' && props.mode !== 'elsewhere' && <SoundBanner />}
      {problem !== null && (
        <Alert
          radius={0}
          py="xs"
          color="red"
          icon={<IconAlertTriangle aria-hidden />}
          role="alert"
          withCloseButton
          closeButtonLabel={t('common.close')}
          onClose={() => desk.dismissProblem()}
          data-testid="problem-banner"
        >
          <Closable byKey>{problemText(problem, currentLanguage())}</Closable>
        </Alert>
      )}
      {/* Always there, so that what comes into it is said aloud. */}
      <Stack gap={0} aria-live="polite">
        {(live === 'waiting' || live === 'refused') && (
          <Alert
            radius={0}
            py="xs"
            color="orange"
            icon={<IconPlugConnectedX aria-hidden />}
            role="note"
            data-testid="live-banner"
          >
            {t(`console.live.${live}`)}
          </Alert>
        )}
        {shown.map((notice) => (
          <NoticeLine
            key={notice.id}
            notice={notice}
            byKey={problem === null && notice === newest}
          />
        ))}
      </Stack>
    </>
  );
}

/** With the key that closes it, beside the cross. */
function Closable(props: { byKey: boolean; children: ReactNode }): ReactNode {
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs">
      <span>{props.children}</span>
      {props.byKey && <Keys names={KEY_NAMES.dismiss} />}
    </Group>
  );
}

const REASSURED_MS = 15_000;

/** Bad news stays until it is closed or over; good news takes its room for as long as one reads. */
function NoticeLine({ notice, byKey }: { notice: Notice; byKey: boolean }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { id, code, why } = notice;
  const isGood = REASSURING.has(code);
  const isPassing = isGood || code === 'hang-up-refused';
  useEffect(() => {
    if (!isPassing) return undefined;
    const over = setTimeout(() => desk.dismissNotice(id), REASSURED_MS);
    return () => clearTimeout(over);
  }, [desk, id, isPassing]);
  return (
    <Alert
      radius={0}
      py="xs"
      color={isGood ? 'indigo' : 'orange'}
      icon={<IconInfoCircle aria-hidden />}
      role="note"
      withCloseButton
      closeButtonLabel={t('common.close')}
      onClose={() => desk.dismissNotice(id)}
      data-testid={`notice-${code}`}
    >
      <Closable byKey={byKey}>
        {why === undefined ? t(`console.notice.${code}`) : t(`callBack.notReached.${why}`)}
      </Closable>
    </Alert>
  );
}

function SoundBanner(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { audio, view } = useDeskSnapshot();
  if (view?.device !== 'browser') return null;
  const { phase, problem, playbackBlocked, lostDevice } = audio;
  if (playbackBlocked || (phase === 'off' && view.state !== 'offline')) {
    const resume = (): void =>
      desk.attempt(() => (playbackBlocked ? desk.audio.unblock() : desk.startShift()));
    return (
      <Alert
        radius={0}
        py="xs"
        color="red"
        icon={<IconVolumeOff aria-hidden />}
        role="alert"
        styles={{ message: { overflow: 'visible' }, body: { overflow: 'visible' } }}
      >
        <Group gap="md">
          <Text fw={600}>
            {playbackBlocked ? t('console.audio.blocked') : t('console.problem.needs-click')}
          </Text>
          <Button color="red" onClick={resume} autoFocus data-testid="resume-audio">
            {t('console.audio.resume')}
          </Button>
        </Group>
      </Alert>
    );
  }
  if (lostDevice === null) return null;
  const silent = lostDevice === 'microphone' && problem !== null;
  const words = silent
    ? t('console.audio.lostMicrophoneNone')
    : t(lostDevice === 'speaker' ? 'console.audio.lostSpeaker' : 'console.audio.lostMicrophone');
  return (
    <Alert
      radius={0}
      py="xs"
      color={silent ? 'red' : 'orange'}
      icon={<IconVolumeOff aria-hidden />}
      role="alert"
      withCloseButton
      closeButtonLabel={t('common.close')}
      onClose={() => desk.audio.forgetLostDevice()}
      data-testid="lost-device"
    >
      {words}
    </Alert>
  );
}
