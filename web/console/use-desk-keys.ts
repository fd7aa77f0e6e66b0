import { useEffect, useRef } from 'react';
import { actionOf } from './keys.ts';
import type { DeskAction } from './keys.ts';

type Handlers = {
  [T in DeskAction['type']]?: (action: Extract<DeskAction, { type: T }>) => void;
};

/** The console's keys while the calling screen is shown; a key without a handler is not taken. */
export function useDeskKeys(handlers: Handlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      // Behind an open dialog nothing may happen.
      if (event.defaultPrevented || document.querySelector('[aria-modal="true"]')) return;
      const action = actionOf(event);
      if (action === null) return;
      const handle = latest.current[action.type] as ((action: DeskAction) => void) | undefined;
      if (handle === undefined) return;
      event.preventDefault();
      handle(action);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
