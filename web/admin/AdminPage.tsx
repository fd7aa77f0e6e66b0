import { Box, Container, Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { DeskProvider } from '../console/DeskProvider.tsx';
import { AppHeader } from '../shared/AppHeader.tsx';
import { useSession } from '../shared/session.tsx';
import { DeskBars } from './DeskBars.tsx';
import { FloorPanel } from './FloorPanel.tsx';
import { SubscribersPanel } from './SubscribersPanel.tsx';
import { adminTabOf } from './tabs.ts';
import { TrunksPanel } from './TrunksPanel.tsx';
import { UsersPanel } from './UsersPanel.tsx';

const route = getRouteApi('/admin');

/** The floor, the office as declared, and who may sign in; with my own desk, if I have one. */
export function AdminPage(): ReactNode {
  const { operatorId } = useSession();
  if (operatorId === null) return <Areas />;
  return (
    <DeskProvider operatorId={operatorId}>
      <Areas />
    </DeskProvider>
  );
}

function Areas(): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const navigate = route.useNavigate();
  const isAdministrator = session.role === 'administrator';
  const { tab = 'floor' } = route.useSearch();
  const shown = tab === 'users' && !isAdministrator ? 'floor' : tab;
  const choose = (next: string | null): void => {
    const tab = adminTabOf(next);
    void navigate({ search: tab === null ? {} : { tab }, replace: true });
  };
  return (
    <Box mih="100dvh">
      <AppHeader area={t('admin.title')} />
      <DeskBars />
      <Container component="main" size="xl" px={{ base: 'sm', sm: 'md' }} py="md">
        <Tabs value={shown} onChange={choose} keepMounted={false}>
          <Tabs.List aria-label={t('admin.areas')} mb="md">
            <Tabs.Tab value="floor">{t('admin.floor')}</Tabs.Tab>
            <Tabs.Tab value="subscribers">{t('admin.subscribers')}</Tabs.Tab>
            <Tabs.Tab value="trunks">{t('admin.trunks')}</Tabs.Tab>
            {isAdministrator && <Tabs.Tab value="users">{t('admin.users')}</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="floor">
            <FloorPanel />
          </Tabs.Panel>
          <Tabs.Panel value="subscribers">
            <SubscribersPanel />
          </Tabs.Panel>
          <Tabs.Panel value="trunks">
            <TrunksPanel />
          </Tabs.Panel>
          {isAdministrator && (
            <Tabs.Panel value="users">
              <UsersPanel />
            </Tabs.Panel>
          )}
        </Tabs>
      </Container>
    </Box>
  );
}
