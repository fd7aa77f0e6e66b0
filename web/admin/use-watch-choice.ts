import { useEffect, useState } from 'react';
import type { FloorView } from '../../src/contract/index.ts';
import { useOwnDesk } from '../console/desk-context.ts';
import type { WatchMode } from '../console/desk.ts';
import { useWatchKeys } from '../console/use-watch-keys.ts';

type FloorCall = FloorView['calls'][number];

export type WatchChoice = {
  /** Is there a call that could be listened to. */
  isPossible: boolean;
  /** The call that the keys mean now. */
  under: string | null;
  may: (call: FloorCall) => boolean;
  watch: (callId: string, mode: WatchMode) => void;
};

/** Where the arrow keys of a page belong to something else. */
const TAKES_ARROWS = 'input, textarea, select, [role=menu], [role=listbox]';

/** Which call a supervisor means: by mouse any, by key the one under the bar. */
export function useWatchChoice(floor: FloorView): WatchChoice {
  const own = useOwnDesk();
  const [chosen, setChosen] = useState<string | null>(null);
  const view = own?.snapshot.view ?? null;
  // Once in a call, the bar on top has its buttons and keys.
  const isReady = view?.device === 'browser' && view.watching === null;
  const may = (call: FloorCall): boolean => isReady && call.operations.includes('monitor');
  const ids = floor.calls.filter(may).map(({ id }) => id);
  const under = chosen !== null && ids.includes(chosen) ? chosen : (ids[0] ?? null);
  const watch = (callId: string, mode: WatchMode): void => {
    own?.desk.attempt(() => own.desk.watch(callId, mode));
  };
  useArrowKeys(ids, under, setChosen);
  useWatchKeys((deed) => (under === null || deed === 'stop' ? null : () => watch(under, deed)));
  return {
    isPossible: ids.length > 0,
    under,
    may,
    watch,
  };
}

function useArrowKeys(
  ids: readonly string[],
  under: string | null,
  choose: (id: string) => void,
): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined || event.defaultPrevented || under === null) return;
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.target instanceof Element && event.target.closest(TAKES_ARROWS) !== null) return;
      const next = ids[ids.indexOf(under) + step];
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
}
