import { Alert, Button, Center, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from './i18n.ts';
import type { LiveStatus } from './live.ts';
import { problemText } from './problem-text.ts';

/** A screen with nothing on it yet says what to do next. */
export function EmptyState(props: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
}): ReactNode {
  return (
    <Paper py="xl" px="md">
      <Stack align="center" gap="xs" maw={480} mx="auto" ta="center">
        {props.icon}
        <Text fw={600}>{props.title}</Text>
        <Text c="dimmed" size="sm" component="div">
          {props.children}
        </Text>
      </Stack>
    </Paper>
  );
}

export function LoadingState(): ReactNode {
  const { t } = useTranslation();
  return (
    <Center mih={240} role="status" aria-label={t('common.loading')}>
      <Loader type="dots" />
    </Center>
  );
}

/** Of a page that shows what goes on: said while it may be showing what went on before. */
export function LiveState(props: { status: LiveStatus }): ReactNode {
  const { t } = useTranslation();
  return (
    <div role="status">
      {props.status === 'waiting' && (
        <Alert
          color="orange"
          variant="light"
          py="xs"
          mb="md"
          icon={<IconPlugConnectedX aria-hidden />}
          role="note"
          data-testid="live-lost"
        >
          {t('common.reconnecting')}
        </Alert>
      )}
    </div>
  );
}

export function ProblemState(props: { error: unknown; onRetry?: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <Alert
      m="md"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={t('common.problem')}
      role="alert"
    >
      <Stack gap="sm" align="flex-start">
        <Text>{problemText(props.error, currentLanguage())}</Text>
        {props.onRetry && (
          <Button variant="default" onClick={props.onRetry}>
            {t('common.retry')}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

export function NotFound(): ReactNode {
  const { t } = useTranslation();
  return (
    <Center mih="100dvh">
      <Stack align="center" gap="sm" p="md">
        <Title order={1} size="h3">
          {t('common.notFound')}
        </Title>
        <Button component="a" href="/" variant="default">
          {t('common.toHome')}
        </Button>
      </Stack>
    </Center>
  );
}
