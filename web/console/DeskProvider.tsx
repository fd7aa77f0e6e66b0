import { useSuspenseQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { DeskContext } from './desk-context.ts';
import { deskOf } from './desk.ts';

/** This person's own place on the floor, the same one on every page that shows something of it. */
export function DeskProvider(props: { operatorId: string; children: ReactNode }): ReactNode {
  const { data: desk } = useSuspenseQuery({
    queryKey: ['desk', props.operatorId],
    queryFn: () => deskOf(props.operatorId),
    staleTime: Infinity,
    gcTime: Infinity,
  });
  useEffect(() => desk.wake(), [desk]);
  return <DeskContext value={desk}>{props.children}</DeskContext>;
}
