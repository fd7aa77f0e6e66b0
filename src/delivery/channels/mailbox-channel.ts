import { toError } from '../../base/index.ts';
import type { Clock } from '../../base/index.ts';
import { faultText } from '../fault.ts';
import { parseMailAddress } from '../mail.ts';
import type { MailChannel } from '../mail.ts';
import type { MailboxStore } from '../ports.ts';

/** Where mails go while no SMTP server is set: a page of this machine, no further. */
export function createMailboxChannel(options: {
  mailbox: MailboxStore;
  clock: Clock;
  from: string;
}): MailChannel {
  const from = parseMailAddress(options.from);
  return {
    async send(mail) {
      const { name, address } = mail.to;
      try {
        await options.mailbox.put({
          id: `${mail.deliveryId}-${mail.attempt}`,
          from: from ? written(from) : options.from,
          to: written({ name, address }),
          subject: mail.subject,
          messageId: mail.messageId,
          text: mail.text,
          html: mail.html,
          receivedAt: options.clock.now(),
        });
        return { type: 'accepted', providerId: 'local-mailbox' };
      } catch (thrown) {
        // Written under the delivery's own id: putting it again changes nothing.
        return { type: 'retry', reason: faultText('other', toError(thrown).message) };
      }
    },
  };
}

function written({ name, address }: { name: string; address: string }): string {
  return name === '' ? address : `${name} <${address}>`;
}
