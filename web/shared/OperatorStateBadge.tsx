import { Badge } from '@mantine/core';
import {
  IconCircleCheck,
  IconCoffee,
  IconEar,
  IconMessage2,
  IconMicrophone2,
  IconNotes,
  IconPhone,
  IconPhoneRinging,
  IconPower,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { FloorView, OperatorState } from '../../src/contract/index.ts';

type WatchMode = NonNullable<FloorView['operators'][number]['watches']>;
type Look = { color: string; Icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }> };

const LOOKS: Record<OperatorState, Look> = {
  offline: { color: 'gray', Icon: IconPower },
  available: { color: 'teal', Icon: IconCircleCheck },
  reserved: { color: 'orange', Icon: IconPhoneRinging },
  busy: { color: 'indigo', Icon: IconPhone },
  'wrap-up': { color: 'indigo', Icon: IconNotes },
  away: { color: 'gray', Icon: IconCoffee },
};

const WATCHES: Record<WatchMode, Look> = {
  listen: { color: 'grape', Icon: IconEar },
  whisper: { color: 'grape', Icon: IconMessage2 },
  barge: { color: 'red', Icon: IconMicrophone2 },
};

/** What an operator is doing, the same on her own screen and on the floor. */
export function OperatorStateBadge(props: {
  state: OperatorState;
  /** How she is in a colleague's call, if she is. */
  watches: WatchMode | null;
  size?: 'lg' | 'xl';
  'data-testid'?: string;
  'data-state'?: string;
  role?: string;
}): ReactNode {
  const { t } = useTranslation();
  const { state, watches, ...rest } = props;
  const { color, Icon } = watches === null ? LOOKS[state] : WATCHES[watches];
  return (
    <Badge color={color} leftSection={<Icon size={17} aria-hidden />} {...rest}>
      {t(watches === null ? `console.state.${state}` : `console.watch.state.${watches}`)}
    </Badge>
  );
}
