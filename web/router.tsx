import { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { adminTabOf } from './admin/tabs.ts';
import type { AdminTab } from './admin/tabs.ts';
import { ApiProblem } from './shared/api.ts';
import { allow, homeOf, sessionQuery, signInHref } from './shared/session.tsx';
import { useFocusHome } from './shared/use-focus-home.ts';
import { LoadingState, NotFound, ProblemState } from './shared/States.tsx';

/** A refusal is an answer; only an unreachable or failing server is asked again. */
export const queryClient = new QueryClient({
  defaultOptions: {
    // The browser's "offline" is about its interfaces: a server on this machine or in this house answers.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      retry: (failures, error) =>
        failures < 3 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
      staleTime: 5_000,
    },
  },
});

function Root(): ReactNode {
  useFocusHome();
  return <Outlet />;
}

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => <ProblemState error={error} onRetry={reset} />,
});

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: async ({ context }) => {
    const session = await context.queryClient.query({ ...sessionQuery, staleTime: 'static' });
    redirect({ href: session === null ? '/sign-in' : homeOf(session), throw: true });
  },
});

type SignInSearch = { next?: string; reason?: 'ended' };

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): SignInSearch => ({
    ...(typeof search['next'] === 'string' && { next: search['next'] }),
    ...(search['reason'] === 'ended' && { reason: 'ended' }),
  }),
  component: lazyRouteComponent(() => import('./sign-in/SignInPage.tsx'), 'SignInPage'),
});

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search['token'] === 'string' ? { token: search['token'] } : {},
  component: lazyRouteComponent(() => import('./sign-in/SetupPage.tsx'), 'SetupPage'),
});

const consoleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/console',
  beforeLoad: allow('operator', 'supervisor', 'administrator'),
  component: lazyRouteComponent(() => import('./console/ConsolePage.tsx'), 'ConsolePage'),
});

type PortalSearch = { show?: 'open' | 'all'; q?: string };

/** The list's filter goes along to a message and back. */
function portalSearch(search: Record<string, unknown>): PortalSearch {
  return {
    ...((search['show'] === 'open' || search['show'] === 'all') && { show: search['show'] }),
    ...(typeof search['q'] === 'string' && { q: search['q'].slice(0, 100) }),
  };
}

const portalRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/portal',
  beforeLoad: allow('member', 'supervisor', 'administrator'),
  validateSearch: portalSearch,
  component: lazyRouteComponent(() => import('./portal/MessageListPage.tsx'), 'MessageListPage'),
});

const portalMessageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/portal/messages/$id',
  beforeLoad: allow('member', 'supervisor', 'administrator'),
  validateSearch: portalSearch,
  component: lazyRouteComponent(() => import('./portal/MessagePage.tsx'), 'MessagePage'),
});

const presenceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/portal/presence',
  beforeLoad: allow('member'),
  validateSearch: portalSearch,
  component: lazyRouteComponent(() => import('./portal/PresencePage.tsx'), 'PresencePage'),
});

/** Open to everybody in the demonstration; the server decides. */
const customerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/customer',
  component: lazyRouteComponent(() => import('./customer/CustomerPage.tsx'), 'CustomerPage'),
});

const mailboxRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/mailbox',
  beforeLoad: allow('supervisor', 'administrator'),
  component: lazyRouteComponent(() => import('./mailbox/MailboxPage.tsx'), 'MailboxPage'),
});

const adminRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/admin',
  beforeLoad: allow('supervisor', 'administrator'),
  validateSearch: (search: Record<string, unknown>): { tab?: AdminTab } => {
    const tab = adminTabOf(search['tab']);
    return tab === null ? {} : { tab };
  },
  component: lazyRouteComponent(() => import('./admin/AdminPage.tsx'), 'AdminPage'),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    indexRoute,
    signInRoute,
    setupRoute,
    consoleRoute,
    portalRoute,
    portalMessageRoute,
    presenceRoute,
    customerRoute,
    mailboxRoute,
    adminRoute,
  ]),
  context: { queryClient },
  defaultPendingComponent: LoadingState,
  defaultPreload: false,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

/**
 * The session ended under an open page: sign in again and come back to the same place. Where it is the account
 * that was changed, another desk given to it, the page begins anew with that.
 */
export async function returnThroughSignIn(): Promise<void> {
  const { href, pathname } = router.state.location;
  const session = await queryClient.query({ ...sessionQuery, staleTime: 0 }).catch(() => null);
  if (session !== null) {
    window.location.reload();
    return;
  }
  queryClient.setQueryData(sessionQuery.queryKey, null);
  if (pathname === '/sign-in') return;
  void router.navigate({ href: `${signInHref(href)}&reason=ended` });
}
