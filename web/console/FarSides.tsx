import { Group, Text } from '@mantine/core';
import { IconPlayerPause, IconVolumeOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { isInWrapUp } from './call-phases.ts';

/** What the others’ telephones do: hold the call, or send no sound. */
export function FarSides(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { heldBy, noSoundFrom } = props.call;
  if (isInWrapUp(props.call)) return null;
  return (
    <>
      {heldBy.map((party) => (
        <Group key={party} gap={4} c="orange" wrap="nowrap" data-testid="held-by">
          <IconPlayerPause size={16} aria-hidden />
          <Text size="xs">{t(`console.call.heldBy.${party}`)}</Text>
        </Group>
      ))}
      {noSoundFrom.map((party) => (
        <Group key={party} gap={4} c="red" wrap="nowrap" data-testid="no-sound-from">
          <IconVolumeOff size={16} aria-hidden />
          <Text size="xs">{t(`console.call.noSoundFrom.${party}`)}</Text>
        </Group>
      ))}
    </>
  );
}
