import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { messageListSchema } from '../../src/contract/index.ts';
import type { MessageView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import type { MessageSource } from './desk.ts';
import { useDesk, useDeskSnapshot } from './desk-context.ts';

const deskMessagesQuery = queryOptions({
  queryKey: ['desk-messages'],
  queryFn: async ({ signal }): Promise<MessageView[]> => {
    const list = await request(messageListSchema, 'GET', `${API}/messages?limit=50`, { signal });
    return list.messages;
  },
  staleTime: 60_000,
});

/** What is known of a message from the connection is never older than what a request was answered. */
export function withMessage(
  before: MessageView[],
  message: MessageView,
  source: MessageSource,
): MessageView[] {
  const others = before.filter(({ id }) => id !== message.id);
  const isKnown = others.length < before.length;
  return source === 'answer' && isKnown ? before : [message, ...others];
}

/** The newest messages, each change of their delivery as it happens. */
export function useDeskMessages(): ReturnType<typeof useQuery<MessageView[]>> {
  const desk = useDesk();
  const { live } = useDeskSnapshot();
  const queryClient = useQueryClient();
  useEffect(
    () =>
      desk.onMessage((message, source) => {
        const { queryKey } = deskMessagesQuery;
        queryClient.setQueryData<MessageView[]>(queryKey, (before = []) =>
          withMessage(before, message, source),
        );
        // A list that is on its way may be older than this.
        if (queryClient.isFetching({ queryKey }) > 0) {
          void queryClient.invalidateQueries({ queryKey });
        }
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
