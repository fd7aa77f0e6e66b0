import { Badge } from '@mantine/core';
import {
  IconCircleCheck,
  IconCoffee,
  IconEar,
  IconNotes,
  IconPhone,
  IconPhoneRinging,
  IconPower,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { OperatorState } from '../../src/contract/index.ts';

type Look = { color: string; Icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }> };

const LOOKS: Record<OperatorState, Look> = {
  offline: { color: 'gray', Icon: IconPower },
  available: { color: 'teal', Icon: IconCircleCheck },
  reserved: { color: 'orange', Icon: IconPhoneRinging },
  busy: { color: 'indigo', Icon: IconPhone },
  'wrap-up': { color: 'indigo', Icon: IconNotes },
  away: { color: 'gray', Icon: IconCoffee },
};

const WATCHES: Look = { color: 'grape', Icon: IconEar };

/** What an operator is doing, the same on her own screen and on the floor. */
export function OperatorStateBadge(props: {
  state: OperatorState;
  /** Busy with a colleague's call. */
  watches?: boolean;
  size?: 'lg' | 'xl';
  'data-testid'?: string;
  'data-state'?: string;
  role?: string;
}): ReactNode {
  const { t } = useTranslation();
  const { state, watches = false, ...rest } = props;
  const { color, Icon } = watches ? WATCHES : LOOKS[state];
  return (
    <Badge color={color} leftSection={<Icon size={17} aria-hidden />} {...rest}>
      {t(watches ? 'console.watch.state' : `console.state.${state}`)}
    </Badge>
  );
}
