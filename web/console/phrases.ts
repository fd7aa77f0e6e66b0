import type { CallView } from '../../src/contract/index.ts';

/** The keys of `console.phrase`: what to say next, the fitting one first. */
export type Phrase =
  | 'unknownCompany'
  | 'absent'
  | 'askNumber'
  | 'askName'
  | 'closing'
  | 'sales'
  | 'wrongNumber'
  | 'complaint';

export type Conversation = {
  called: Pick<CallView['called'], 'subscriberId'>;
  caller: Pick<CallView['caller'], 'number'>;
  callType: string;
  company: string;
  name: string;
  phone: string;
};

/** No call-back is promised: whether there will be one is the subscriber's affair. */
export function phrasesFor(conversation: Conversation): Phrase[] {
  const { called, caller, callType, company, name, phone } = conversation;
  if (callType === 'sales') return ['sales'];
  if (callType === 'wrong-number') return ['wrongNumber'];
  const phrases: Phrase[] = [];
  if (called.subscriberId === null) phrases.push('unknownCompany');
  if (callType === 'complaint') phrases.push('complaint');
  phrases.push('absent');
  if (company === '' && name === '') phrases.push('askName');
  if (caller.number === null && phone === '') phrases.push('askNumber');
  phrases.push('closing');
  return phrases;
}
