import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { Desk, DeskSnapshot } from './desk.ts';

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error('A part of the console is shown outside of it.');
  return desk;
}

/** Null on a page of somebody without a place on the floor. */
export function useOwnDesk(): { desk: Desk; snapshot: DeskSnapshot } | null {
  const desk = useContext(DeskContext);
  const snapshot = useSyncExternalStore(
    desk?.subscribe ?? neverChanges,
    desk?.getSnapshot ?? nothingThere,
  );
  return desk === null || snapshot === null ? null : { desk, snapshot };
}

const neverChanges = () => (): void => undefined;
const nothingThere = (): null => null;

export function useDeskSnapshot(): DeskSnapshot {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, desk.getSnapshot);
}

/** The server's time, new every second: for timers and the wall clock. */
export function useServerNow(): number {
  const { clockOffsetMs } = useDeskSnapshot();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(now, Date.now() - 1_000) + clockOffsetMs;
}
