import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { messageFieldSchema } from '../../src/contract/index.ts';
import { ApiProblem } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { DraftNotSaved } from './draft-sync.ts';
import { valueOf } from './draft-keeper.ts';
import type { FieldIssues } from './MessageForm.tsx';

type Refusal = { issues: FieldIssues; values: FieldIssues };

/** Sending the message of a call: what it was refused for, at each field until that is changed. */
export function useSending(callId: string): {
  issues: FieldIssues;
  sending: boolean;
  send: () => void;
} {
  const { t } = useTranslation();
  const desk = useDesk();
  const { draft } = useDeskSnapshot();
  const [refusal, setRefusal] = useState<Refusal>({ issues: {}, values: {} });
  const [sending, setSending] = useState(false);

  const attempt = async (): Promise<void> => {
    setSending(true);
    try {
      await desk.sendMessage(callId);
    } catch (error) {
      if (error instanceof DraftNotSaved) {
        throw new ApiProblem(0, {
          code: 'draft-not-saved',
          message: t('console.draft.notFlushed', { lng: 'en' }),
          messageJa: t('console.draft.notFlushed', { lng: 'ja' }),
        });
      }
      const issues = issuesOf(error);
      const values = Object.fromEntries(
        messageFieldSchema.options.map((field) => [field, draftValue(desk, field)]),
      );
      setRefusal({ issues, values });
      focusFirst(issues);
      throw error;
    } finally {
      setSending(false);
    }
  };

  const issues = Object.fromEntries(
    Object.entries(refusal.issues).filter(([name]) => {
      const field = messageFieldSchema.parse(name);
      return draft !== null && valueOf(draft, field) === refusal.values[field];
    }),
  );
  return { issues, sending, send: () => desk.attempt(attempt) };
}

function draftValue(
  desk: ReturnType<typeof useDesk>,
  field: Parameters<typeof valueOf>[1],
): string {
  const { draft } = desk.getSnapshot();
  return draft === null ? '' : valueOf(draft, field);
}

function issuesOf(error: unknown): FieldIssues {
  if (!(error instanceof ApiProblem)) return {};
  const issues: FieldIssues = {};
  for (const { path, message, messageJa } of error.problem.issues ?? []) {
    const field = messageFieldSchema.safeParse(path);
    if (!field.success) continue;
    issues[field.data] = currentLanguage() === 'ja' ? (messageJa ?? message) : message;
  }
  return issues;
}

function focusFirst(issues: FieldIssues): void {
  const first = messageFieldSchema.options.find((field) => issues[field] !== undefined);
  if (first === undefined) return;
  document.querySelector<HTMLElement>(`form [name="${first}"]`)?.focus();
}
