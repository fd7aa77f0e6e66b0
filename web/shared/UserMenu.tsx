import { Avatar, Button, Menu, Text, useMantineColorScheme } from '@mantine/core';
import type { MantineColorScheme } from '@mantine/core';
import {
  IconCheck,
  IconDeviceDesktop,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSun,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, currentLanguage } from './i18n.ts';
import type { Language } from './i18n.ts';
import { signOut, useSession } from './session.tsx';

const SCHEMES: { scheme: MantineColorScheme; icon: ReactNode }[] = [
  { scheme: 'light', icon: <IconSun size={18} aria-hidden /> },
  { scheme: 'dark', icon: <IconMoon size={18} aria-hidden /> },
  { scheme: 'auto', icon: <IconDeviceDesktop size={18} aria-hidden /> },
];
const LANGUAGES: { language: Language; label: string }[] = [
  { language: 'ja', label: '日本語' },
  { language: 'en', label: 'English' },
];

/** Who is signed in, the look, the language, and the way out. Areas add their own items on top. */
export function UserMenu(props: {
  children?: ReactNode;
  beforeSignOut?: () => Promise<void>;
}): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = async (): Promise<void> => {
    await props.beforeSignOut?.();
    await signOut();
  };
  const tick = <IconCheck size={16} aria-hidden />;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          px="xs"
          style={{ flexShrink: 0 }}
          aria-label={t('menu.open', { name: session.name })}
          data-testid="user-menu"
        >
          <Avatar size={26} color="indigo" aria-hidden>
            {session.name.slice(0, 1)}
          </Avatar>
          <Text span size="sm" ml="xs" visibleFrom="md">
            {session.name}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.email}</Menu.Label>
        {props.children}
        <Menu.Label>{t('menu.look')}</Menu.Label>
        {SCHEMES.map(({ scheme, icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={icon}
            rightSection={scheme === colorScheme && tick}
            onClick={() => setColorScheme(scheme)}
          >
            {t(`menu.scheme.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Label>{t('menu.language')}</Menu.Label>
        {LANGUAGES.map(({ language, label }) => (
          <Menu.Item
            key={language}
            lang={language}
            leftSection={<IconLanguage size={18} aria-hidden />}
            rightSection={language === currentLanguage() && tick}
            onClick={() => void chooseLanguage(language)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={18} aria-hidden />}
          onClick={() => void leave()}
          data-testid="sign-out"
        >
          {t('menu.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
