import { useState } from 'react';
import type { FloorView } from '../../src/contract/index.ts';
import { useOwnDesk } from '../console/desk-context.ts';
import type { WatchMode } from '../console/desk.ts';
import { useWatchKeys } from '../console/use-watch-keys.ts';
import { useArrowKeys } from '../shared/use-arrow-keys.ts';

type FloorCall = FloorView['calls'][number];

export type WatchChoice = {
  /** Is there a call that could be listened to. */
  isPossible: boolean;
  /** The call that the keys mean now. */
  under: string | null;
  may: (call: FloorCall) => boolean;
  watch: (callId: string, mode: WatchMode) => void;
};

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
