import type { MailboxMail, MailboxStore } from '../delivery/index.ts';
import { toInstant, toTimestamp } from './database.ts';
import type { Database } from './database.ts';

type MailRow = {
  id: string;
  sender: string;
  recipient: string;
  subject: string;
  message_id: string;
  body_text: string;
  body_html: string;
  received_at: Date;
};

export function createMailboxStore(database: Database): MailboxStore {
  return {
    async put(mail): Promise<void> {
      await database.rows({
        text: `insert into mailbox_mail
            (id, sender, recipient, subject, message_id, body_text, body_html, received_at)
          values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing`,
        values: [
          mail.id,
          mail.from,
          mail.to,
          mail.subject,
          mail.messageId,
          mail.text,
          mail.html,
          toTimestamp(mail.receivedAt),
        ],
      });
    },

    async list(limit): Promise<MailboxMail[]> {
      const rows = await database.rows<MailRow>({
        text: 'select * from mailbox_mail order by received_at desc, id desc limit $1',
        values: [limit],
      });
      return rows.map((row) => ({
        id: row.id,
        from: row.sender,
        to: row.recipient,
        subject: row.subject,
        messageId: row.message_id,
        text: row.body_text,
        html: row.body_html,
        receivedAt: toInstant(row.received_at),
      }));
    },
  };
}
