import { Code, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** The office is declared by a file; these pages show it. */
export function HowToChange(): ReactNode {
  const { t } = useTranslation();
  return (
    <Stack gap={6}>
      <Text size="sm" c="dimmed">
        {t('admin.howToChange')}
      </Text>
      <Code block fz="sm">
        npm run denwaban -- apply FILE
      </Code>
    </Stack>
  );
}
