import { useCallback, useEffect, useRef, useState } from 'react';
import type { CallView } from '../../src/contract/index.ts';
import type { SidePanel } from './use-call-actions.ts';

export type SidePanelState = {
  opened: SidePanel | null;
  /** Open, or there is something of a relay or a hand-over to see. */
  isShown: boolean;
  /** It comes before the form, where there is no room beside it. */
  isFirst: boolean;
  open: (panel: SidePanel) => void;
  close: () => void;
};

const UNDER_WAY: readonly CallView['phase'][] = [
  'relaying',
  'consulting',
  'three-way',
  'handing-over',
];

/** Which choice is open beside the form. The caret goes back to where it was when it closes. */
export function useSidePanel(call: CallView): SidePanelState {
  const [opened, setOpened] = useState<SidePanel | null>(null);
  const before = useRef<HTMLElement | null>(null);
  const open = useCallback((panel: SidePanel): void => {
    const { activeElement } = document;
    before.current ??= activeElement instanceof HTMLElement ? activeElement : null;
    setOpened(panel);
  }, []);
  const close = useCallback((): void => {
    before.current?.focus();
    before.current = null;
    setOpened(null);
  }, []);
  // The call went another way meanwhile: a choice that cannot be made is not offered.
  const isPossible = opened === null || call.operations.includes(opened);
  useEffect(() => {
    if (!isPossible) close();
  }, [isPossible, close]);
  const hasTried = (call.relay?.outcomes.length ?? 0) > 0 || call.handOver !== null;
  const isFirst = opened !== null || UNDER_WAY.includes(call.phase);
  const isShown = isFirst || hasTried;
  return { opened: isPossible ? opened : null, isShown, isFirst, open, close };
}
