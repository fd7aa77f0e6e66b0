export { createMailboxChannel } from './channels/mailbox-channel.ts';
export { createSmtpChannel } from './channels/mail-channel.ts';
export { parseMailAddress } from './mail.ts';
export type { MailChannel } from './mail.ts';
export { createMailComposer } from './mail-composer.ts';
export type { CallFacts, ComposeMail } from './mail-composer.ts';
export { faultText, readFault } from './fault.ts';
export { OutboxWorker } from './outbox-worker.ts';
export { DELIVERY_LIFE_MS, planDeliveries } from './plan.ts';
export type {
  Delivery,
  DeliveryState,
  DeliveryStore,
  MailRoute,
  MailboxMail,
  MailboxStore,
  Outcome,
} from './ports.ts';
