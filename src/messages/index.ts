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
