export type {
  Delivery,
  DeliveryState,
  DeliveryStore,
  MailRoute,
  MailboxMail,
  MailboxStore,
  Outcome,
} from './ports.ts';
