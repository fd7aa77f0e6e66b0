export type {
  Draft,
  DraftPut,
  DraftPutOutcome,
  Message,
  MessageEvent,
  MessageField,
  MessageFilter,
  MessageStore,
} from './ports.ts';
export { fieldsOf, putField } from './draft.ts';
export {
  CALL_TYPES,
  CALL_TYPE_WORDS,
  FIELD_LIMITS,
  FIELD_NAMES,
  MESSAGE_FIELDS,
  URGENCIES,
  WANTS,
  WANTS_WORDS,
  normaliseField,
  normaliseForm,
  validateForm,
} from './form.ts';
export type { CallType, FormContext, FormFields, FormIssue, Urgency, Wants } from './form.ts';
export { newReceiptNumber, readReceiptNumber } from './receipt-number.ts';
export { buildReport } from './report.ts';
export type { Report, ReportOptions } from './report.ts';
