import { Alert, Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { IconBell, IconEar } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { LevelBar } from './LevelBar.tsx';
import { canChooseSpeaker, chosenDevice, rememberDevice } from './sound-devices.ts';
import type { SoundDevice, SoundRole } from './sound-devices.ts';

const ECHO_MS = 6_000;

/** Which microphone, where calls are heard, where it rings; and whether all of it works. */
export function AudioSettings(): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { audio, view } = useDeskSnapshot();
  const [echoing, setEchoing] = useState(false);
  const { microphones, speakers } = audio.devices;
  const isUp = audio.phase === 'up';
  const echo = (): void => {
    setEchoing(true);
    setTimeout(() => setEchoing(false), ECHO_MS);
    desk.attempt(() => desk.echoTest());
  };
  return (
    <Stack gap="md">
      <DeviceSelect
        role="microphone"
        devices={microphones}
        onChoose={(id) => void desk.audio.chooseMicrophone(id)}
      />
      <Stack gap={4}>
        <Text size="sm">{t('console.audio.level')}</Text>
        <LevelBar />
        <Text size="xs" c="dimmed">
          {t('console.audio.levelHint')}
        </Text>
      </Stack>
      {canChooseSpeaker() ? (
        <>
          <DeviceSelect
            role="speaker"
            devices={speakers}
            onChoose={(id) => void desk.audio.chooseSpeaker(id)}
          />
          <DeviceSelect
            role="ring"
            devices={speakers}
            onChoose={(id) => {
              rememberDevice('ring', id);
              desk.ringer.try();
            }}
          />
        </>
      ) : (
        <Alert variant="light">{t('console.audio.noSpeakerChoice')}</Alert>
      )}
      <Group gap="sm">
        <Button
          variant="default"
          leftSection={<IconBell size={18} aria-hidden />}
          onClick={() => desk.ringer.try()}
        >
          {t('console.audio.tryRing')}
        </Button>
        <Button
          variant="default"
          leftSection={<IconEar size={18} aria-hidden />}
          disabled={!isUp || view?.call != null || echoing}
          onClick={echo}
          data-testid="echo-test"
        >
          {echoing ? t('console.audio.echoRunning') : t('console.audio.echo')}
        </Button>
      </Group>
      <Text size="xs" c="dimmed" aria-live="polite">
        {t('console.audio.echoHint')}
      </Text>
    </Stack>
  );
}

function DeviceSelect(props: {
  role: SoundRole;
  devices: SoundDevice[];
  onChoose: (deviceId: string) => void;
}): ReactNode {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(() => chosenDevice(props.role));
  const named = props.devices.map(({ id, label }, index) => ({
    value: id,
    label: label === '' ? t('console.audio.unnamed', { number: index + 1 }) : label,
  }));
  const present = named.some(({ value }) => value === chosen);
  return (
    <NativeSelect
      label={t(`console.audio.${props.role}`)}
      data={[{ value: '', label: t('console.audio.systemDefault') }, ...named]}
      value={present ? chosen : ''}
      onChange={(event) => {
        setChosen(event.currentTarget.value);
        props.onChoose(event.currentTarget.value);
      }}
    />
  );
}
