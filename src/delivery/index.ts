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
