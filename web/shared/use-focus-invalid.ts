import { useEffect, useRef } from 'react';
import type { RefObject } from 'react';

/** Of a form that was refused (`issues` is new): the caret goes to the first field that is named. */
export function useFocusInvalid(issues: object): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [issues]);
  return form;
}
