import { useCallback, useEffect, useRef, useState } from 'react';
import type { CallView } from '../../src/contract/index.ts';
import type { SidePanel } from './use-call-actions.ts';

export type SidePanelState = {
  opened: SidePanel | null;
  /** Open, or there is something of a relay or a hand-over to see. */
  isShown: boolean;
  /** It comes before the form, where there is no room beside it. */
  isFirst: boolean;
  /** The contact whom the panel is about, where it was opened for one. */
  about: string | null;
  open: (panel: SidePanel, about?: string | null) => void;
  close: () => void;
};

const UNDER_WAY: readonly CallView['phase'][] = [
  'relaying',
  'consulting',
  'three-way',
  'handing-over',
];

/** `under`: what comes back when it closes. */
type Choice = { opened: SidePanel | null; about: string | null; under: SidePanel | null };
const NOTHING: Choice = { opened: null, about: null, under: null };

/** Which choice is open beside the form. The caret goes back to where it was when it closes. */
export function useSidePanel(call: CallView): SidePanelState {
  const [{ opened, about, under }, setState] = useState<Choice>(NOTHING);
  const before = useRef<HTMLElement | null>(null);
  const open = useCallback((panel: SidePanel, whom: string | null = null): void => {
    const { activeElement } = document;
    before.current ??= activeElement instanceof HTMLElement ? activeElement : null;
    setState(({ opened: now }) => ({
      opened: panel,
      about: whom,
      under: now === 'relay' && panel === 'presence' ? now : null,
    }));
  }, []);
  const close = useCallback((): void => {
    if (under !== null) {
      setState({ opened: under, about, under: null });
      return;
    }
    before.current?.focus();
    before.current = null;
    setState(NOTHING);
  }, [under, about]);
  // The call went another way meanwhile: a choice that cannot be made is not offered.
  const isPossible = opened === null || opened === 'presence' || call.operations.includes(opened);
  useEffect(() => {
    if (!isPossible) close();
  }, [isPossible, close]);
  const hasTried = (call.relay?.outcomes.length ?? 0) > 0 || call.handOver !== null;
  const isFirst = opened !== null || UNDER_WAY.includes(call.phase);
  const isShown = isFirst || hasTried;
  return { opened: isPossible ? opened : null, isShown, isFirst, about, open, close };
}
