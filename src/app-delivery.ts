import { systemClock, systemRandom } from './base/system.ts';
import type { Logger } from './base/index.ts';
import type { Config } from './config/index.ts';
import {
  OutboxWorker,
  createMailComposer,
  createMailboxChannel,
  createSmtpChannel,
  parseMailAddress,
} from './delivery/index.ts';
import type { CallFacts, MailChannel } from './delivery/index.ts';
import type { MessageEvent } from './messages/index.ts';
import type { Storage } from './storage/index.ts';
import type { EventBus } from './app-event-bus.ts';
import { numberPlan } from './app-number-plan.ts';

export type DeliveryOptions = {
  config: Config;
  storage: Storage;
  log: Logger;
  messageEvents: EventBus<MessageEvent>;
};

/** The outbox at work: reports by mail, or into the local mailbox where no SMTP server is set. */
export function buildDelivery(options: DeliveryOptions): OutboxWorker {
  const { config, storage, log, messageEvents } = options;
  const address = parseMailAddress(config.mail.from)?.address ?? '';
  return new OutboxWorker({
    store: storage.deliveries,
    compose: createMailComposer({
      messages: storage.messages,
      directory: storage.directory,
      calls: callFacts(storage),
      plan: numberPlan,
      timeZone: config.timeZone,
      publicUrl: config.http.publicUrl,
      domain: address.slice(address.lastIndexOf('@') + 1) || 'localhost',
    }),
    channel: channelOf(options),
    clock: systemClock,
    random: systemRandom,
    log,
    onChanged: ({ messageId }) => messageEvents.publish({ type: 'message.changed', messageId }),
  });
}

function channelOf({ config, storage }: DeliveryOptions): MailChannel {
  const { smtpUrl, from } = config.mail;
  return smtpUrl === undefined
    ? createMailboxChannel({ mailbox: storage.mailbox, clock: systemClock, from })
    : createSmtpChannel({ url: smtpUrl, from });
}

function callFacts({ callQueries }: Storage): CallFacts {
  return {
    async callFacts(callId) {
      const state = (await callQueries.call(callId))?.state;
      if (!state) return null;
      const { called, answeredAt, endedAt } = state;
      return { calledNumber: called.did, answeredAt, endedAt };
    },
  };
}
