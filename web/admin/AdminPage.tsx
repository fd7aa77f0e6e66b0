import { Anchor, Box, Container, Group, Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { AppHeader } from '../shared/AppHeader.tsx';
import { useSession } from '../shared/session.tsx';
import { FloorPanel } from './FloorPanel.tsx';
import { SubscribersPanel } from './SubscribersPanel.tsx';
import { UsersPanel } from './UsersPanel.tsx';

/** The floor, the office as declared, and who may sign in. */
export function AdminPage(): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const isAdministrator = session.role === 'administrator';
  return (
    <Box mih="100dvh">
      <AppHeader area={t('admin.title')} />
      <Container component="main" size="xl" py="md">
        <Group component="nav" gap="md" mb="md" aria-label={t('admin.areas')}>
          <Anchor href="/portal">{t('admin.messages')}</Anchor>
          <Anchor href="/mailbox">{t('admin.mailbox')}</Anchor>
          {session.operatorId !== null && <Anchor href="/console">{t('admin.console')}</Anchor>}
        </Group>
        <Tabs defaultValue="floor" keepMounted={false}>
          <Tabs.List aria-label={t('admin.areas')} mb="md">
            <Tabs.Tab value="floor">{t('admin.floor')}</Tabs.Tab>
            <Tabs.Tab value="subscribers">{t('admin.subscribers')}</Tabs.Tab>
            {isAdministrator && <Tabs.Tab value="users">{t('admin.users')}</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="floor">
            <FloorPanel />
          </Tabs.Panel>
          <Tabs.Panel value="subscribers">
            <SubscribersPanel />
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
