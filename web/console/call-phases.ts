import type { CallView } from '../../src/contract/index.ts';

const WITH_FORM: readonly CallView['phase'][] = [
  'connecting',
  'talking',
  'reconnecting',
  'held',
  'relaying',
  'consulting',
  'three-way',
  'relayed',
  'handing-over',
  'calling-customer',
  'wrap-up',
];

/** From the answer to the end of wrap-up: the words, the form and the people are on the screen. */
export function hasForm(call: CallView): boolean {
  return WITH_FORM.includes(call.phase);
}
