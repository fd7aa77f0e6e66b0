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

const id = z.string().max(60);
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
  subscriberId: id.nullable().default(null),
  operatorId: id.nullable().default(null),
});
export const updateUserSchema = z.object({
  name: z.string().min(1).max(100).optional(),
  role: roleSchema.optional(),
  disabled: z.boolean().optional(),
  password: password.optional(),
  subscriberId: id.nullable().optional(),
  operatorId: id.nullable().optional(),
});

/** A token for programs: the rights of one role, for one subscriber or operator where it has one. */
export const apiTokenViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  subscriberId: z.string().nullable(),
  operatorId: z.string().nullable(),
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().nullable(),
  /** To the minute; null for one that was never used. */
  lastUsedAt: z.number().nullable(),
});
export type ApiTokenView = z.infer<typeof apiTokenViewSchema>;

export const createApiTokenSchema = z.object({
  name: z.string().trim().min(1).max(100),
  role: roleSchema,
  subscriberId: id.nullable().default(null),
  operatorId: id.nullable().default(null),
  /** Null: until it is revoked. */
  expiresInDays: z.number().int().min(1).max(3650).nullable(),
});
/** `secret` is shown this once. */
export const createdApiTokenSchema = apiTokenViewSchema.extend({ secret: z.string() });
export const apiTokensSchema = z.object({ tokens: z.array(apiTokenViewSchema) });
