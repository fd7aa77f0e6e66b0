import { z } from 'zod';

/** A trunk as it stands now. No password is in it. */
export const trunkViewSchema = z.object({
  id: z.string(),
  key: z.string(),
  name: z.string(),
  /**
   * `checking`: asked whether it is there, and nothing is known yet. `unwatched`: neither registers nor is
   * probed, so nobody knows. `refused`: the carrier does not take our account. `unreachable`: it does not
   * answer.
   */
  state: z.enum([
    'registered',
    'registering',
    'checking',
    'reachable',
    'unwatched',
    'refused',
    'unreachable',
  ]),
  since: z.number(),
  /** What is wrong and what to do about it. */
  trouble: z.object({ code: z.string(), ja: z.string(), en: z.string() }).nullable(),
  /** The carrier's last refusal. */
  sipStatus: z.number().nullable(),
  account: z.string().nullable(),
  addresses: z.array(z.string()),
  /** Null: calls only come in. */
  outbound: z.object({ priority: z.number(), carriesCalls: z.boolean() }).nullable(),
});
export type TrunkView = z.infer<typeof trunkViewSchema>;
