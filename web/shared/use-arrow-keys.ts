import { useEffect } from 'react';

/** Where the arrow keys of a page belong to something else. */
const TAKES_ARROWS = 'input, textarea, select, [role=menu], [role=listbox]';

/** ↑ and ↓ go from one row of a page to the next, wherever else the focus is. */
export function useArrowKeys(
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
      if (document.querySelector('[aria-modal="true"]') !== null) return;
      const next = ids[ids.indexOf(under) + step];
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
}
