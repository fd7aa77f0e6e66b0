import { Badge } from '@mantine/core';
import {
  IconClockPause,
  IconCircleCheck,
  IconMessages,
  IconMusic,
  IconNotes,
  IconParking,
  IconPhone,
  IconPhoneCheck,
  IconPhoneOutgoing,
  IconPhoneRinging,
  IconRefresh,
  IconSpeakerphone,
  IconUsersGroup,
  IconUserShare,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';

type Look = { color: string; Icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }> };

const LOOKS: Record<CallView['phase'], Look> = {
  waiting: { color: 'orange', Icon: IconClockPause },
  offering: { color: 'orange', Icon: IconPhoneRinging },
  connecting: { color: 'indigo', Icon: IconPhone },
  talking: { color: 'indigo', Icon: IconPhone },
  reconnecting: { color: 'orange', Icon: IconRefresh },
  held: { color: 'orange', Icon: IconMusic },
  relaying: { color: 'orange', Icon: IconPhoneOutgoing },
  consulting: { color: 'grape', Icon: IconMessages },
  'three-way': { color: 'indigo', Icon: IconUsersGroup },
  relayed: { color: 'teal', Icon: IconPhoneCheck },
  parked: { color: 'red', Icon: IconParking },
  'handing-over': { color: 'orange', Icon: IconUserShare },
  'calling-contact': { color: 'orange', Icon: IconPhoneOutgoing },
  'calling-customer': { color: 'orange', Icon: IconPhoneOutgoing },
  unattended: { color: 'red', Icon: IconSpeakerphone },
  'wrap-up': { color: 'gray', Icon: IconNotes },
  ended: { color: 'gray', Icon: IconCircleCheck },
};

/** Where a call stands, the same at the desk and on the floor: icon, word and colour. */
export function CallPhaseBadge(props: {
  phase: CallView['phase'];
  /** Instead of the usual word. */
  word?: string | undefined;
  size?: 'lg' | 'xl';
  'data-testid'?: string;
  'data-state'?: string;
  role?: string;
}): ReactNode {
  const { t } = useTranslation();
  const { phase, word, ...rest } = props;
  const { color, Icon } = LOOKS[phase];
  return (
    <Badge
      color={color}
      leftSection={<Icon size={16} aria-hidden />}
      data-phase={phase}
      style={{ flexShrink: 0 }}
      {...rest}
    >
      {word ?? t(`callPhase.${phase}`)}
    </Badge>
  );
}
