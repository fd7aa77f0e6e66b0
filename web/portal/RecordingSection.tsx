import { Alert, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecordingView } from '../../src/contract/index.ts';
import { RecordingPlayer } from './RecordingPlayer.tsx';

export function RecordingSection({ recording }: { recording: RecordingView | null }): ReactNode {
  const { t } = useTranslation();
  return (
    <Stack component="section" gap="xs" aria-label={t('portal.recording.title')}>
      <Title order={2} size="h5">
        {t('portal.recording.title')}
      </Title>
      <RecordingState recording={recording} />
    </Stack>
  );
}

function RecordingState({ recording }: { recording: RecordingView | null }): ReactNode {
  const { t } = useTranslation();
  if (recording === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('portal.recording.none')}
      </Text>
    );
  }
  switch (recording.state) {
    case 'recording':
      return <Text size="sm">{t('portal.recording.recording')}</Text>;
    case 'missing':
      return (
        <Alert color="red" variant="light">
          {t('portal.recording.missing')}
        </Alert>
      );
    case 'incomplete':
      return (
        <>
          <Alert color="orange" variant="light">
            {t('portal.recording.incomplete')}{' '}
            {recording.cause !== null && t(`portal.recording.cause.${recording.cause}`)}
          </Alert>
          <RecordingPlayer recording={recording} />
        </>
      );
    case 'complete':
      return <RecordingPlayer recording={recording} />;
  }
}
