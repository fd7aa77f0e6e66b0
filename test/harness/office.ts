import type { CenterSpec } from '../../src/contract/index.ts';
import { centerSpecSchema } from '../../src/contract/index.ts';
import type { Platform } from './platform.ts';

export const PASSWORD = 'correct-horse-battery';

/** A small office on one trunk at loopback; `operators` and `subscribers` as in an apply file. */
export async function applyOffice(
  platform: Platform,
  parts: {
    operators: unknown[];
    subscribers?: unknown[];
    addresses?: string[];
    settings?: unknown;
    /** How calls leave over the trunk, and the one contact's telephone. */
    outbound?: unknown;
    contactPhone?: string;
  },
): Promise<CenterSpec> {
  const spec = centerSpecSchema.parse({
    version: 1,
    name: '電話番センター',
    settings: parts.settings,
    trunks: [
      {
        id: 'carrier',
        name: 'Carrier',
        addresses: parts.addresses ?? ['127.0.0.0/8'],
        outbound: parts.outbound,
      },
    ],
    subscribers: parts.subscribers ?? [
      {
        id: 'sakura',
        name: 'さくら法律事務所',
        kana: 'さくらほうりつじむしょ',
        greeting: 'お電話ありがとうございます。さくら法律事務所でございます。',
        greetingKana: 'おでんわありがとうございます。さくらほうりつじむしょでございます。',
        numbers: [{ number: '03-0123-4567', label: '代表' }],
        contacts: [
          {
            id: 'yamada',
            name: '山田 太郎',
            kana: 'やまだ たろう',
            email: 'yamada@example.jp',
            phone: parts.contactPhone,
          },
        ],
        mailRoutes: [{ to: ['yamada'] }],
        members: [{ email: 'member@example.jp', name: '山田 太郎', initialPassword: PASSWORD }],
      },
    ],
    operators: parts.operators,
  });
  const answer = await platform.api('POST', '/api/v1/apply', spec);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return spec;
}

export const browserOperator = (id: string, name = '電話 花子'): unknown => ({
  id,
  name,
  email: `${id}@example.jp`,
  initialPassword: PASSWORD,
});

/** Has a desk of her own and the floor before her. */
export const supervisor = (id: string, name: string): unknown => ({
  id,
  name,
  role: 'supervisor',
  email: `${id}@example.jp`,
  initialPassword: PASSWORD,
});
