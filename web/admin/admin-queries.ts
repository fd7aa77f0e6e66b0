import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { z } from 'zod';
import {
  floorViewSchema,
  subscriberViewSchema,
  trunkViewSchema,
  userViewSchema,
} from '../../src/contract/index.ts';
import type { FloorView, SubscriberView, TrunkView, UserView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';

const subscribersSchema = z.object({ subscribers: z.array(subscriberViewSchema) });
const trunksSchema = z.object({ trunks: z.array(trunkViewSchema) });
const usersSchema = z.object({ users: z.array(userViewSchema) });

export const FLOOR_KEY = ['floor'];
export const USERS_KEY = ['users'];
export const TRUNKS_KEY = ['trunks'];

export function useFloor(): UseQueryResult<FloorView> {
  return useQuery({
    queryKey: FLOOR_KEY,
    queryFn: ({ signal }) => request(floorViewSchema, 'GET', `${API}/floor`, { signal }),
  });
}

export function useSubscribers(): UseQueryResult<SubscriberView[]> {
  return useQuery({
    queryKey: ['subscribers'],
    queryFn: async ({ signal }) =>
      (await request(subscribersSchema, 'GET', `${API}/subscribers`, { signal })).subscribers,
  });
}

export function useTrunks(): UseQueryResult<TrunkView[]> {
  return useQuery({
    queryKey: TRUNKS_KEY,
    queryFn: async ({ signal }) =>
      (await request(trunksSchema, 'GET', `${API}/trunks`, { signal })).trunks,
  });
}

export function useUsers(): UseQueryResult<UserView[]> {
  return useQuery({
    queryKey: USERS_KEY,
    queryFn: async ({ signal }) =>
      (await request(usersSchema, 'GET', `${API}/users`, { signal })).users,
  });
}
