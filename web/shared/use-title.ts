import { useEffect } from 'react';

/** What the browser's tab says while this is shown; before and after it the title is another's. */
export function useTitle(title: string): void {
  useEffect(() => {
    const before = document.title;
    document.title = title;
    return () => {
      document.title = before;
    };
  }, [title]);
}
