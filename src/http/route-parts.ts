import { z } from 'zod';
import type { Policy, Role } from '../people/index.ts';

/** Who works for the office; the others are subscribers' members. */
export const STAFF: readonly Role[] = ['administrator', 'supervisor', 'operator'];

type Guarded = { policy: Policy };

export const ADMINISTRATOR: Guarded = { policy: { kind: 'roles', roles: ['administrator'] } };
export const SUPERVISORS: Guarded = {
  policy: { kind: 'roles', roles: ['administrator', 'supervisor'] },
};
export const OPERATOR: Guarded = { policy: { kind: 'operator' } };

export const idParams = z.object({ id: z.string().max(60) });

/** The 204 of what was done. */
export const done = z.undefined().describe('Done');
