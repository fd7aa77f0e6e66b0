import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { redirect } from '@tanstack/react-router';
import { aboutSchema, sessionViewSchema } from '../../src/contract/index.ts';
import type { About, Role, SessionView } from '../../src/contract/index.ts';
import { API, ApiProblem, nothing, request, SESSION_PATH } from './api.ts';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<SessionView | null> => {
    try {
      return await request(sessionViewSchema, 'GET', SESSION_PATH, { signal });
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: Infinity,
});

export const aboutQuery = queryOptions({
  queryKey: ['about'],
  queryFn: ({ signal }): Promise<About> => request(aboutSchema, 'GET', `${API}/about`, { signal }),
  staleTime: Infinity,
});

/** The signed-in person; only for pages behind `allow`. */
export function useSession(): SessionView {
  const { data } = useSuspenseQuery(sessionQuery);
  if (data === null) throw new Error('A page that needs a session is not behind `allow`.');
  return data;
}

/** Where each role works. */
export function homeOf(session: SessionView): string {
  switch (session.role) {
    case 'operator':
      return '/console';
    case 'supervisor':
    case 'administrator':
      return '/admin';
    case 'member':
      return '/portal';
  }
}

type GuardArguments = { context: { queryClient: QueryClient }; location: { href: string } };

/** For a route's `beforeLoad`: nobody signed in goes to sign-in and comes back, others go home. */
export function allow(...roles: Role[]): (arguments_: GuardArguments) => Promise<void> {
  return async ({ context, location }) => {
    const session = await context.queryClient.query({ ...sessionQuery, staleTime: 'static' });
    if (session === null) {
      redirect({ href: signInHref(location.href), throw: true });
    } else if (!roles.includes(session.role)) {
      redirect({ href: homeOf(session), throw: true });
    }
  };
}

export function signInHref(next: string): string {
  return `/sign-in?next=${encodeURIComponent(next)}`;
}

/** Only a path of this site is gone back to. */
export function safeNext(next: string | undefined): string | null {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : null;
}

/** Ends the session and leaves nothing of it in the page. */
export async function signOut(): Promise<void> {
  await request(nothing, 'DELETE', SESSION_PATH).catch(() => null);
  window.location.assign('/sign-in');
}
