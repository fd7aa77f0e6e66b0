import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { messageListSchema } from '../../src/contract/index.ts';
import type { MessageView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { useDesk, useDeskSnapshot } from './desk-context.ts';

const deskMessagesQuery = queryOptions({
  queryKey: ['desk-messages'],
  queryFn: async ({ signal }): Promise<MessageView[]> => {
    const list = await request(messageListSchema, 'GET', `${API}/messages?limit=50`, { signal });
    return list.messages;
  },
  staleTime: 60_000,
});

/** The newest messages, each change of their delivery as it happens. */
export function useDeskMessages(): ReturnType<typeof useQuery<MessageView[]>> {
  const desk = useDesk();
  const { live } = useDeskSnapshot();
  const queryClient = useQueryClient();
  useEffect(
    () =>
      desk.onMessage((message) => {
        queryClient.setQueryData<MessageView[]>(deskMessagesQuery.queryKey, (before) => [
          message,
          ...(before ?? []).filter(({ id }) => id !== message.id),
        ]);
      }),
    [desk, queryClient],
  );
  // What was announced while the connection was away is not announced again.
  useEffect(() => {
    if (live === 'open') void queryClient.invalidateQueries({ queryKey: ['desk-messages'] });
  }, [live, queryClient]);
  return useQuery(deskMessagesQuery);
}

/** The message taken of this call, once it is sent. */
export function useMessageOfCall(callId: string): MessageView | null {
  const { data } = useDeskMessages();
  return data?.find((message) => message.callId === callId && message.kind === 'taken') ?? null;
}
