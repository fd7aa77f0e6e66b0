import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { InfiniteData, UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import type { z } from 'zod';
import {
  messageListSchema,
  messageViewSchema,
  recordingViewSchema,
} from '../../src/contract/index.ts';
import type { MessageView, RecordingView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';

type MessageList = z.infer<typeof messageListSchema>;
export type MessageFilter = { show: 'open' | 'all'; search: string };

const PAGE = '30';
/** A message is often read while its call goes on. */
const RECORDING_POLL_MS = 3_000;

export const messageKeys = {
  lists: ['messages', 'list'],
  one: (id: string) => ['messages', 'one', id],
} as const;

export function useMessages(
  filter: MessageFilter,
): UseInfiniteQueryResult<InfiniteData<MessageList>> {
  return useInfiniteQuery({
    queryKey: [...messageKeys.lists, filter],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({
        limit: PAGE,
        handled: filter.show === 'open' ? 'no' : 'all',
      });
      if (filter.search !== '') query.set('search', filter.search);
      if (pageParam !== null) query.set('cursor', pageParam);
      return request(messageListSchema, 'GET', `${API}/messages?${query.toString()}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
}

export function useMessage(id: string): UseQueryResult<MessageView> {
  return useQuery({
    queryKey: messageKeys.one(id),
    queryFn: ({ signal }) =>
      request(messageViewSchema, 'GET', `${API}/messages/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: ({ state }) =>
      state.data?.recording?.state === 'recording' ? RECORDING_POLL_MS : false,
  });
}

export function setHandled(id: string, handled: boolean): Promise<MessageView> {
  const path = `${API}/messages/${encodeURIComponent(id)}/handled`;
  return request(messageViewSchema, 'POST', path, { body: { handled } });
}

/** The waveform; a recording that is closed does not change. */
export function usePeaks(recordingId: string): RecordingView['peaks'] {
  const { data } = useQuery({
    queryKey: ['recordings', recordingId],
    queryFn: ({ signal }) => {
      const path = `${API}/recordings/${encodeURIComponent(recordingId)}`;
      return request(recordingViewSchema, 'GET', path, { signal });
    },
    staleTime: Infinity,
  });
  return data?.peaks;
}
