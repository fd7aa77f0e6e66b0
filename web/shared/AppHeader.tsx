import { Anchor, Group, Image, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { UserMenu } from './UserMenu.tsx';

/** The top line of portal and administration; `children` are the area's own links. */
export function AppHeader(props: { area: string; children?: ReactNode }): ReactNode {
  const { t } = useTranslation();
  return (
    <Group
      component="header"
      h={56}
      px="md"
      gap="md"
      wrap="nowrap"
      justify="space-between"
      style={{ borderBottom: '1px solid var(--mantine-color-default-border)' }}
    >
      <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
        <Anchor href="/" underline="never" c="inherit" aria-label={t('common.toHome')}>
          <Image src="/icon.svg" alt="" w={28} h={28} />
        </Anchor>
        <Text fw={600} truncate>
          {props.area}
        </Text>
        {props.children}
      </Group>
      <UserMenu />
    </Group>
  );
}
