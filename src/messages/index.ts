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
export { FIELD_LIMITS, normaliseForm, validateForm } from './form.ts';
export type { CallType, FormContext, FormFields, FormIssue, Urgency, Wants } from './form.ts';
export { newReceiptNumber } from './receipt-number.ts';
export { buildReport } from './report.ts';
export type { Report, ReportOptions } from './report.ts';
