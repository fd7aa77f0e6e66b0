import { useEffect } from 'react';

/** Where the focus belongs on a screen when what had it is gone: `data-focus-home`. */
const HOME = '[data-focus-home]';

/** A dialog that closes gives the focus back to where it was opened, and only if nobody else has it. */
const DIALOG_CLOSES_MS = 50;

const isTouched = (): boolean => window.matchMedia('(pointer: coarse)').matches;

/**
 * A button that is pressed by key is often gone the moment it has worked; the browser then leaves
 * the focus nowhere, and a screen reader with it. It goes back to the field that was written in
 * last, else to the home of the screen, also of the next page. A button that works no second time
 * while it works has it again afterwards.
 */
export function useFocusHome(): void {
  useEffect(() => {
    // What has had it since the screen was drawn was not noted.
    const { activeElement } = document;
    let held = activeElement instanceof HTMLElement ? activeElement : null;
    let field: HTMLElement | null = null;
    let wasStopped = false;
    const note = ({ target }: FocusEvent): void => {
      if (!(target instanceof HTMLElement)) return;
      held = target;
      wasStopped = false;
      if (target.closest('form') !== null) field = target;
    };
    let givingBack: ReturnType<typeof setTimeout> | undefined;
    const giveBack = (to: HTMLElement): void => {
      clearTimeout(givingBack);
      givingBack = setTimeout(() => {
        const isNowhere = document.activeElement === document.body;
        if (isNowhere && to === held && to.isConnected) to.focus({ preventScroll: true });
      }, DIALOG_CLOSES_MS);
    };
    const look = (): void => {
      if (held === null || held === document.body) return;
      const isStopped = held.matches(':disabled');
      if (isStopped) wasStopped = true;
      if (document.activeElement !== document.body) return;
      if (held.isConnected) {
        if (wasStopped && !isStopped) giveBack(held);
        return;
      }
      const home = field?.isConnected === true ? field : document.querySelector<HTMLElement>(HOME);
      // The next page may be on its way.
      if (home === null) return;
      held = null;
      // On a telephone the caret would bring the keyboard over half the screen.
      if (home.matches('input, textarea') && isTouched()) return;
      home.focus({ preventScroll: true });
    };
    const changes = new MutationObserver(look);
    document.addEventListener('focusin', note);
    changes.observe(document.body, {
      subtree: true,
      childList: true,
      attributeFilter: ['disabled'],
    });
    return () => {
      clearTimeout(givingBack);
      document.removeEventListener('focusin', note);
      changes.disconnect();
    };
  }, []);
}
