import { useState } from 'react';
import type { MessageView } from '../../src/contract/index.ts';
import { callBackNumber } from '../shared/call-back-number.ts';
import { useArrowKeys } from '../shared/use-arrow-keys.ts';
import type { CallBackWish } from './CallBackDialog.tsx';
import { useDeskKeys } from './use-desk-keys.ts';

export type CallBackChoice = {
  /** What is about to be called, once the dialog is open. */
  wish: CallBackWish | null;
  close: () => void;
  /** The message that the key means now. */
  under: string | null;
  may: (message: MessageView) => boolean;
  open: (message: MessageView) => void;
};

/** Whom a message lets one call back: by mouse any, by key the one under the bar. */
export function useCallBack(messages: readonly MessageView[]): CallBackChoice {
  const [chosen, setChosen] = useState<string | null>(null);
  const [wish, setWish] = useState<CallBackWish | null>(null);
  const may = (message: MessageView): boolean => wishOf(message) !== null;
  const open = (message: MessageView): void => {
    setChosen(message.id);
    setWish(wishOf(message));
  };
  const callable = messages.filter(may);
  const ids = callable.map(({ id }) => id);
  const under = callable.find(({ id }) => id === chosen) ?? callable[0] ?? null;
  useArrowKeys(ids, under?.id ?? null, setChosen);
  useDeskKeys(under === null ? {} : { 'call-back': () => open(under) });
  return { wish, close: () => setWish(null), under: under?.id ?? null, may, open };
}

function wishOf(message: MessageView): CallBackWish | null {
  const number = callBackNumber(message);
  const { subscriberId } = message;
  return number === null || subscriberId === null ? null : { subscriberId, number };
}
