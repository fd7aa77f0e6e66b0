import { z } from 'zod';

export const roleSchema = z.enum(['administrator', 'supervisor', 'operator', 'member']);
export type Role = z.infer<typeof roleSchema>;

/** Who is signed in. A member belongs to one subscriber; an operator has a place on the floor. */
export const sessionViewSchema = z.object({
  userId: z.string(),
  name: z.string(),
  email: z.string(),
  role: roleSchema,
  subscriberId: z.string().nullable(),
  subscriberName: z.string().nullable(),
  operatorId: z.string().nullable(),
});
export type SessionView = z.infer<typeof sessionViewSchema>;

const password = z.string().min(10).max(200);
export const signInSchema = z.object({ email: z.email().max(254), password: z.string().max(200) });
export const setupSchema = z.object({
  token: z.string().max(200),
  name: z.string().min(1).max(100),
  email: z.email().max(254),
  password,
});
export const changePasswordSchema = z.object({ current: z.string().max(200), next: password });

export const userViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: roleSchema,
  subscriberId: z.string().nullable(),
  operatorId: z.string().nullable(),
  disabled: z.boolean(),
  createdAt: z.number(),
});
export type UserView = z.infer<typeof userViewSchema>;

export const createUserSchema = z.object({
  name: z.string().min(1).max(100),
  email: z.email().max(254),
  password,
  role: roleSchema,
  subscriberId: z.string().nullable().default(null),
  operatorId: z.string().nullable().default(null),
});
export const updateUserSchema = z.object({
  name: z.string().min(1).max(100).optional(),
  role: roleSchema.optional(),
  disabled: z.boolean().optional(),
  password: password.optional(),
});
