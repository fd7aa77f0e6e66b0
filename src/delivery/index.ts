export { RETRY_DELAYS_MS } from './back-off.ts';
export { createMailboxChannel } from './channels/mailbox-channel.ts';
export { createSmtpChannel } from './channels/mail-channel.ts';
export type { SmtpOptions } from './channels/mail-channel.ts';
export { isMailAddress, parseMailAddress } from './mail.ts';
export type { MailAddress, MailChannel, OutgoingMail } from './mail.ts';
export { createMailComposer } from './mail-composer.ts';
export type { CallFacts, ComposeMail, MailComposerOptions } from './mail-composer.ts';
export { OutboxWorker } from './outbox-worker.ts';
export type { OutboxWorkerOptions } from './outbox-worker.ts';
export { DELIVERY_LIFE_MS, planDeliveries } from './plan.ts';
export type { PlanOptions } from './plan.ts';
export type {
  Delivery,
  DeliveryState,
  DeliveryStore,
  MailRoute,
  MailboxMail,
  MailboxStore,
  Outcome,
} from './ports.ts';
