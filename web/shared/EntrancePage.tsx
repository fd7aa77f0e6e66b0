import { Button, Center, Group, Image, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, currentLanguage } from './i18n.ts';
import { InsecureOrigin } from './InsecureOrigin.tsx';
import { useTitle } from './use-title.ts';

/** The frame of the pages in front of the door: sign-in and first set-up. */
export function EntrancePage(props: {
  title: string;
  children: ReactNode;
  /** Stands below the door, beside it where there is room. */
  aside?: ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  useTitle(`${props.title} – ${t('common.product')}`);
  const other = currentLanguage() === 'ja' ? 'en' : 'ja';
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={props.aside == null ? 460 : 920} gap="md">
        <Group justify="space-between">
          <Group gap="sm">
            <Image src="/icon.svg" alt="" w={36} h={36} />
            <Text fw={600} size="lg">
              {t('common.product')}
            </Text>
          </Group>
          <Button
            variant="subtle"
            color="gray"
            lang={other}
            onClick={() => void chooseLanguage(other)}
          >
            {other === 'ja' ? '日本語' : 'English'}
          </Button>
        </Group>
        <InsecureOrigin />
        <SimpleGrid cols={{ base: 1, md: props.aside == null ? 1 : 2 }} spacing="md">
          <Paper p="lg">
            <Title order={1} size="h3" mb="md">
              {props.title}
            </Title>
            {props.children}
          </Paper>
          {props.aside}
        </SimpleGrid>
      </Stack>
    </Center>
  );
}
