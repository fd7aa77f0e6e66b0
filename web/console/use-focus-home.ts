import { useEffect } from 'react';

/** Where the focus belongs on a screen when what had it is gone: `data-focus-home`. */
const HOME = '[data-focus-home]';

const isTouched = (): boolean => window.matchMedia('(pointer: coarse)').matches;

/**
 * A button that is pressed by key is often gone the moment it has worked; the browser then leaves
 * the focus nowhere, and a screen reader with it. It goes back to the field that was written in
 * last, else to the home of the screen.
 */
export function useFocusHome(): void {
  useEffect(() => {
    // What has had it since the screen was drawn was not noted.
    const { activeElement } = document;
    let held = activeElement instanceof HTMLElement ? activeElement : null;
    let field: HTMLElement | null = null;
    const note = ({ target }: FocusEvent): void => {
      if (!(target instanceof HTMLElement)) return;
      held = target;
      if (target.closest('form') !== null) field = target;
    };
    const look = (): void => {
      if (held === null || held.isConnected || document.activeElement !== document.body) return;
      held = null;
      const home = field?.isConnected === true ? field : document.querySelector<HTMLElement>(HOME);
      // On a telephone the caret would bring the keyboard over half the screen.
      if (home?.matches('input, textarea') === true && isTouched()) return;
      home?.focus({ preventScroll: true });
    };
    const changes = new MutationObserver(look);
    document.addEventListener('focusin', note);
    changes.observe(document.body, { subtree: true, childList: true });
    return () => {
      document.removeEventListener('focusin', note);
      changes.disconnect();
    };
  }, []);
}
