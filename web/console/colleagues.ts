import { queryOptions } from '@tanstack/react-query';
import type { z } from 'zod';
import { colleaguesSchema } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';

export type Colleague = z.infer<typeof colleaguesSchema>['operators'][number];

/** Who is on the floor: their names, and who may take a call over. */
export const colleaguesQuery = queryOptions({
  queryKey: ['colleagues'],
  queryFn: async ({ signal }): Promise<Colleague[]> => {
    const list = await request(colleaguesSchema, 'GET', `${API}/operators`, { signal });
    return list.operators;
  },
});
