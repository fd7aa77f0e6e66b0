import { ApiProblem } from './api.ts';
import type { Language } from './i18n.ts';

/** What went wrong, in the reader's language. */
export function problemText(error: unknown, language: Language): string {
  if (error instanceof ApiProblem) {
    return language === 'ja' ? error.problem.messageJa : error.problem.message;
  }
  return language === 'ja'
    ? '予期しない問題が起きました。ページを再読み込みしてください。'
    : 'Something unexpected happened. Please reload the page.';
}
