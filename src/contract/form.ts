import { z } from 'zod';

/**
 * What the choice fields of the message form hold; '' is "not chosen yet". The words people see
 * belong to the screen and the mail.
 */

/** 用件区分: 用件・伝言, 問い合わせ, ご意見・苦情, 営業, 間違い・無言 */
export const callTypeSchema = z.enum(['business', 'inquiry', 'complaint', 'sales', 'wrong-number']);
export type CallType = z.infer<typeof callTypeSchema>;

/** 折返し要否: 折返し希望, 先方からかけ直す, 伝言のみ */
export const wantsSchema = z.enum(['callback', 'call-again', 'message']);
export type Wants = z.infer<typeof wantsSchema>;

/** 緊急度: 通常, 至急 */
export const urgencySchema = z.enum(['normal', 'urgent']);
export type Urgency = z.infer<typeof urgencySchema>;
