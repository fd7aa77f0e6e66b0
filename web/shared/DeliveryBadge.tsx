import { Badge, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClock,
  IconHelpCircle,
  IconRefresh,
  IconSend,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeliveryState, DeliveryView } from '../../src/contract/index.ts';

type Look = { color: string; Icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }> };

const LOOKS: Record<DeliveryState, Look> = {
  queued: { color: 'gray', Icon: IconClock },
  sending: { color: 'indigo', Icon: IconSend },
  accepted: { color: 'teal', Icon: IconCircleCheck },
  retrying: { color: 'orange', Icon: IconRefresh },
  uncertain: { color: 'orange', Icon: IconHelpCircle },
  failed: { color: 'red', Icon: IconAlertTriangle },
};
const HINTS = { accepted: 'delivery.acceptedHint', uncertain: 'delivery.uncertainHint' } as const;

/** A delivery's state by icon, word and colour. Never "delivered": a mail server cannot say so. */
export function DeliveryBadge(props: { state: DeliveryState }): ReactNode {
  const { t } = useTranslation();
  const { state } = props;
  const { color, Icon } = LOOKS[state];
  const hint = state === 'accepted' || state === 'uncertain' ? t(HINTS[state]) : null;
  return (
    <Tooltip label={hint} disabled={hint === null} multiline maw={280}>
      <Badge
        color={color}
        variant={state === 'failed' ? 'filled' : 'light'}
        leftSection={<Icon size={15} aria-hidden />}
        data-testid={`delivery-${state}`}
      >
        {t(`delivery.${state}`)}
      </Badge>
    </Tooltip>
  );
}

/** The worst first: what a list shows of a message with several deliveries. */
const ORDER: DeliveryState[] = ['failed', 'uncertain', 'retrying', 'sending', 'queued', 'accepted'];

export function worstState(deliveries: readonly DeliveryView[]): DeliveryState | null {
  return ORDER.find((state) => deliveries.some((delivery) => delivery.state === state)) ?? null;
}

/** Not with the subscriber and not about to be without somebody looking. */
export function isUndelivered(deliveries: readonly DeliveryView[]): boolean {
  const state = worstState(deliveries);
  return state === 'failed' || state === 'uncertain' || state === 'retrying';
}
