import { Alert, Button, Center, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { IconArrowsExchange, IconHeadphones, IconMicrophoneOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../shared/i18n.ts';
import { InsecureOrigin, isInsecureOrigin } from '../shared/InsecureOrigin.tsx';
import { problemText } from '../shared/problem-text.ts';
import { useDesk, useDeskSnapshot } from './desk-context.ts';

/** 受電開始: says beforehand what the browser will ask, and afterwards what to do if it said no. */
export function StartScreen(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { audio, view } = useDeskSnapshot();
  const sip = view?.device !== 'browser';
  const busy = audio.phase === 'asking' || audio.phase === 'connecting';
  return (
    <Center mih="100%" p="md">
      <Paper p="xl" maw={560} w="100%">
        <Stack gap="lg">
          <Title order={1} size="h2">
            {t('console.start.title')}
          </Title>
          {!sip && <InsecureOrigin />}
          {!sip && audio.problem !== null && audio.problem !== 'insecure' && <SoundProblem />}
          {(sip || !isInsecureOrigin()) && (
            <Text>{t(sip ? 'console.start.leadSip' : 'console.start.lead')}</Text>
          )}
          {audio.phase === 'asking' && (
            <Alert
              color="indigo"
              variant="light"
              icon={<Loader size={18} />}
              role="status"
              title={t('console.start.asking')}
            >
              {t('console.start.askingHint')}
            </Alert>
          )}
          <Button
            size="xl"
            leftSection={<IconHeadphones aria-hidden />}
            loading={busy}
            disabled={!sip && isInsecureOrigin()}
            autoFocus
            onClick={() => desk.attempt(() => desk.startShift())}
            data-testid="start-shift"
          >
            {t('console.start.button')}
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}

type Browser = 'chrome' | 'firefox' | 'safari' | 'other';

function browserName(): Browser {
  const agent = navigator.userAgent;
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Chrom(e|ium)\//.test(agent)) return 'chrome';
  return /Safari\//.test(agent) ? 'safari' : 'other';
}

export function SoundProblem(): ReactNode {
  const { t } = useTranslation();
  const { audio } = useDeskSnapshot();
  const { problem, refusal } = audio;
  if (problem === null) return null;
  const hint =
    problem === 'mic-refused'
      ? t(`console.wayBack.${browserName()}`)
      : t(`console.problemHint.${problem}`);
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconMicrophoneOff aria-hidden />}
      title={t(`console.problem.${problem}`)}
      role="alert"
      data-testid={`sound-problem-${problem}`}
    >
      <Text size="sm">
        {problem === 'server' && refusal !== null ? problemText(refusal, currentLanguage()) : hint}
      </Text>
    </Alert>
  );
}

/** The sound is in another window of the same operator. */
export function ElsewhereScreen(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { audio, taken } = useDeskSnapshot();
  return (
    <Center mih="100%" p="md">
      <Paper p="xl" maw={560} w="100%">
        <Stack gap="lg">
          <Title order={1} size="h2">
            {t(taken ? 'console.start.taken' : 'console.start.elsewhere')}
          </Title>
          <Text>{t(taken ? 'console.start.takenHint' : 'console.start.elsewhereHint')}</Text>
          {audio.problem !== null && audio.problem !== 'desk-elsewhere' && <SoundProblem />}
          <Button
            size="lg"
            variant={taken ? 'default' : 'filled'}
            leftSection={<IconArrowsExchange aria-hidden />}
            autoFocus={!taken}
            loading={audio.phase === 'asking' || audio.phase === 'connecting'}
            onClick={() => desk.attempt(() => desk.startShift({ takeOver: true }))}
            data-testid="take-over"
          >
            {t('console.start.takeOver')}
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
