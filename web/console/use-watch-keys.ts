import { useEffect, useRef } from 'react';
import { watchDeedOf } from './watch-keys.ts';
import type { WatchDeed } from './watch-keys.ts';

/** The keys of listening; what cannot be done now is not taken. */
export function useWatchKeys(handle: (deed: WatchDeed) => (() => void) | null): void {
  const latest = useRef(handle);
  useEffect(() => {
    latest.current = handle;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('[aria-modal="true"]')) return;
      const deed = watchDeedOf(event);
      const run = deed === null ? null : latest.current(deed);
      if (run === null) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
