import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle, IconPhoneRinging, IconVolumeOff } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { companyText } from '../console/CallFacts.tsx';
import { Keys } from '../console/CheatBar.tsx';
import { isOffered } from '../console/call-phases.ts';
import { useDesk, useDeskSnapshot, useOwnDesk } from '../console/desk-context.ts';
import { KEY_NAMES } from '../console/keys.ts';
import { useDeskKeys } from '../console/use-desk-keys.ts';
import { SoundProblem } from '../console/StartScreen.tsx';
import { WatchBar } from '../console/WatchBar.tsx';
import { currentLanguage } from '../shared/i18n.ts';
import { problemText } from '../shared/problem-text.ts';

/** What my own desk must tell me while I look at another page. */
export function DeskBars(): ReactNode {
  const own = useOwnDesk();
  if (own === null) return null;
  const { view, problem } = own.snapshot;
  return (
    <>
      {view !== null && view.call !== null && <OwnCall call={view.call} rings={isOffered(view)} />}
      <WatchBar />
      <Sound />
      {problem !== null && <Problem problem={problem} />}
    </>
  );
}

/** My own call is at the console, one key away. */
function OwnCall({ call, rings }: { call: CallView; rings: boolean }): ReactNode {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const open = (): void => void navigate({ to: '/console' });
  useDeskKeys({ answer: open });
  const company = companyText(call.called, t);
  return (
    <Alert
      radius={0}
      py="xs"
      color={rings ? 'red' : 'indigo'}
      icon={<IconPhoneRinging aria-hidden />}
      role={rings ? 'alert' : 'status'}
      data-testid="own-call"
    >
      <Group gap="md">
        <Text fw={600}>
          {t(rings ? 'console.elsewhere.ring' : 'console.elsewhere.call', { company })}
        </Text>
        <Button onClick={open} rightSection={<Keys names={KEY_NAMES.answer} />}>
          {t('console.elsewhere.open')}
        </Button>
      </Group>
    </Alert>
  );
}

/** The microphone was wanted and could not be had, or the browser keeps silent. */
function Sound(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { audio, view } = useDeskSnapshot();
  if (audio.playbackBlocked) {
    return (
      <Alert radius={0} py="xs" color="red" icon={<IconVolumeOff aria-hidden />} role="alert">
        <Group gap="md">
          <Text fw={600}>{t('console.audio.blocked')}</Text>
          <Button color="red" onClick={() => desk.attempt(() => desk.audio.unblock())}>
            {t('console.audio.resume')}
          </Button>
        </Group>
      </Alert>
    );
  }
  if (audio.phase === 'asking') {
    return (
      <Alert radius={0} py="xs" color="indigo" title={t('console.start.asking')} role="status">
        {t('console.start.askingHint')}
      </Alert>
    );
  }
  return view?.device === 'browser' && audio.problem !== null && <SoundProblem />;
}

function Problem({ problem }: { problem: unknown }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  useDeskKeys({ dismiss: () => desk.dismissProblem() });
  return (
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
      {problemText(problem, currentLanguage())}
    </Alert>
  );
}
