import { Stack } from '@mantine/core';
import type { KeyboardEvent, ReactNode } from 'react';
import type { CallView } from '../../src/contract/index.ts';
import { isImeKey } from '../shared/ime.ts';
import { DigitsPanel } from './DigitsPanel.tsx';
import { HandOverPanel } from './HandOverPanel.tsx';
import { RelayPanel } from './RelayPanel.tsx';
import { PresencePanel } from './PresencePanel.tsx';
import type { SidePanelState } from './use-side-panel.ts';

/** Above the people: the relay and the hand-over, while they are chosen and under way. */
export function SidePanels(props: { call: CallView; panel: SidePanelState }): ReactNode {
  const { call } = props;
  const { opened, about, open, close } = props.panel;
  const leave = (event: KeyboardEvent): void => {
    if (opened === null || event.key !== 'Escape' || isImeKey(event.nativeEvent)) return;
    event.preventDefault();
    close();
  };
  return (
    <Stack gap="md" mb="md" onKeyDown={leave}>
      <HandOverPanel call={call} open={opened === 'hand-over'} close={close} />
      {opened === 'send-digits' && <DigitsPanel call={call} close={close} />}
      {opened === 'presence' && <PresencePanel call={call} about={about} close={close} />}
      <RelayPanel
        call={call}
        open={opened === 'relay'}
        about={about}
        tellPresence={(contactId) => open('presence', contactId)}
        close={close}
      />
    </Stack>
  );
}
