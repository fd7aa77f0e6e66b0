import type { Problem } from '../../src/contract/index.ts';
import { ApiProblem } from './api.ts';
import type { Language } from './i18n.ts';

/** What went wrong, in the reader's language. */
export function problemText(error: unknown, language: Language): string {
  if (error instanceof ApiProblem) {
    const said = sentenceOf(error.problem);
    return language === 'ja' ? (said.messageJa ?? said.message) : said.message;
  }
  return language === 'ja'
    ? '予期しない問題が起きました。ページを再読み込みしてください。'
    : 'Something unexpected happened. Please reload the page.';
}

/** Which rule it was says more than that there is one. */
function sentenceOf(problem: Problem): { message: string; messageJa?: string | undefined } {
  const [issue] = problem.code === 'number-not-allowed' ? (problem.issues ?? []) : [];
  return issue ?? problem;
}
