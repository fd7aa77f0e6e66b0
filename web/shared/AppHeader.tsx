import { Anchor, Box, Button, Group, Image, Menu, Text } from '@mantine/core';
import { IconHeadphones, IconLayoutDashboard, IconMail, IconNotes } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { aboutQuery, useSession } from './session.tsx';
import { UserMenu } from './UserMenu.tsx';
import { useTitle } from './use-title.ts';

type Area = {
  href: '/admin' | '/portal' | '/mailbox' | '/console';
  label: string;
  Icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
};

/** Where else this person may go; nobody with one place only is shown a way there. */
function useAreas(): Area[] {
  const { t } = useTranslation();
  const { role, operatorId } = useSession();
  const { data: about } = useQuery(aboutQuery);
  if (role !== 'supervisor' && role !== 'administrator') return [];
  return [
    { href: '/admin', label: t('menu.admin'), Icon: IconLayoutDashboard },
    { href: '/portal', label: t('menu.messages'), Icon: IconNotes },
    ...(about?.smtp === false
      ? [{ href: '/mailbox' as const, label: t('mailbox.title'), Icon: IconMail }]
      : []),
    ...(operatorId === null
      ? []
      : [{ href: '/console' as const, label: t('menu.console'), Icon: IconHeadphones }]),
  ];
}

/** The top line of every page but the desk: whose it is, and the ways to the other areas. */
export function AppHeader(props: { area: string }): ReactNode {
  const { t } = useTranslation();
  const areas = useAreas();
  const { pathname } = useLocation();
  useTitle(`${props.area} – ${t('common.product')}`);
  const isHere = (href: string): boolean => pathname === href || pathname.startsWith(`${href}/`);
  return (
    <Box
      component="header"
      bg="var(--mantine-color-body)"
      style={{ borderBottom: '1px solid var(--mantine-color-default-border)' }}
    >
      <Group h={56} px={{ base: 'sm', sm: 'md' }} gap="md" wrap="nowrap" justify="space-between">
        <Group gap="xs" wrap="nowrap" miw={0}>
          <Anchor
            href="/"
            underline="never"
            p={8}
            m={-8}
            aria-label={t('common.toHome')}
            style={{ flexShrink: 0 }}
          >
            <Image src="/icon.svg" alt="" w={28} h={28} />
          </Anchor>
          {areas.length === 0 ? (
            <Text fw={600} lh={1.3} ml="xs" lineClamp={2}>
              {props.area}
            </Text>
          ) : (
            <>
              <Text fw={600} lh={1.3} ml="xs" lineClamp={2} hiddenFrom="sm">
                {props.area}
              </Text>
              <Group component="nav" aria-label={t('menu.areas')} gap={4} ml="xs" visibleFrom="sm">
                {areas.map(({ href, label, Icon }) => (
                  <Button
                    key={href}
                    // Within the page: the sound of a shift goes along.
                    component={Link}
                    to={href}
                    px="sm"
                    variant={isHere(href) ? 'light' : 'subtle'}
                    color={isHere(href) ? 'indigo' : 'gray'}
                    aria-current={isHere(href) ? 'page' : undefined}
                    leftSection={<Icon size={18} aria-hidden />}
                  >
                    {label}
                  </Button>
                ))}
              </Group>
            </>
          )}
        </Group>
        <UserMenu>
          {areas.map(({ href, label, Icon }) => (
            <Menu.Item
              key={href}
              component={Link}
              to={href}
              hiddenFrom="sm"
              leftSection={<Icon size={18} aria-hidden />}
            >
              {label}
            </Menu.Item>
          ))}
        </UserMenu>
      </Group>
    </Box>
  );
}
