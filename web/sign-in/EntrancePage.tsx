import { Box, Button, Center, Group, Image, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, currentLanguage } from '../shared/i18n.ts';
import { InsecureOrigin } from '../shared/InsecureOrigin.tsx';

/** The frame of the pages in front of the door: sign-in and first set-up. */
export function EntrancePage(props: { title: string; children: ReactNode }): ReactNode {
  const { t } = useTranslation();
  const other = currentLanguage() === 'ja' ? 'en' : 'ja';
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={460} gap="md">
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
        <Paper withBorder p="lg" radius="md">
          <Title order={1} size="h3" mb="md">
            {props.title}
          </Title>
          <Box>{props.children}</Box>
        </Paper>
      </Stack>
    </Center>
  );
}
