import type { CallView } from '../../src/contract/index.ts';
import { callActions } from './call-actions.ts';
import type { CallDeed, CallKey } from './call-actions.ts';
import { useDesk } from './desk-context.ts';
import type { Desk } from './desk.ts';

type OfAnOperation = 'relay' | 'hand-over' | 'send-digits';
export type SidePanel = OfAnOperation | 'presence';
export type RunningAction = { key: CallKey; does: CallDeed; run: () => void };

/** The operations of the call with what each does, for its button and its key alike. */
export function useCallActions(call: CallView, open: (panel: SidePanel) => void): RunningAction[] {
  const desk = useDesk();
  return callActions(call).map((action) => ({
    ...action,
    run: (): void => {
      const { does } = action;
      if (isPanel(does)) open(does);
      else desk.attempt(() => perform(desk, call, does));
    },
  }));
}

function isPanel(deed: CallDeed): deed is OfAnOperation {
  return deed === 'relay' || deed === 'hand-over' || deed === 'send-digits';
}

type Performed = Exclude<CallDeed, OfAnOperation>;

function perform({ operations }: Desk, { id }: CallView, deed: Performed): Promise<void> {
  switch (deed) {
    case 'hold':
      return operations.hold(id);
    case 'retrieve':
      return operations.retrieve(id);
    case 'connect':
      return operations.connect(id);
    case 'three-way':
      return operations.threeWay(id);
    case 'mute':
    case 'unmute':
      return operations.mute(id, deed === 'mute');
    case 'pause-recording':
    case 'resume-recording':
      return operations.pauseRecording(id, deed === 'pause-recording');
    case 'park':
      return operations.park(id);
  }
}
