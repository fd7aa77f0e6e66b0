import {
  Box,
  Button,
  Center,
  Group,
  Paper,
  SimpleGrid,
  Stack,
  Text,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import { IconPhone, IconPhoneRinging } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { formatDuration } from '../shared/format.ts';
import { CallerNumber, callerText, CertaintyBadge, companyText, LineText } from './CallFacts.tsx';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import { useDeskKeys } from './use-desk-keys.ts';

/** Before pickup: whose call it is and what to say first. */
export function RingCard(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view } = useDeskSnapshot();
  const now = useServerNow();
  const { called, caller, arrivedAt } = props.call;
  const byBrowser = view?.device === 'browser';
  const company = companyText(called, t);
  const answer = (): void => desk.attempt(() => desk.answer());
  const decline = (): void => desk.attempt(() => desk.decline());
  useDeskKeys(byBrowser ? { answer, decline } : { decline });
  useTabTitle(`☎ ${company}`);
  return (
    <Center mih="100%" p="md">
      <VisuallyHidden role="alert">
        {t('console.ring.said', { company, caller: callerText(caller, t) })} {called.greeting}
      </VisuallyHidden>
      <Paper
        withBorder
        shadow="md"
        radius="md"
        p={{ base: 'md', sm: 'xl' }}
        maw={1060}
        w="100%"
        component="section"
        aria-label={t('console.ring.incoming')}
        data-testid="ring-card"
      >
        <Stack gap="md">
          <Group justify="space-between">
            <Group gap="xs" c="orange">
              <IconPhoneRinging aria-hidden />
              <Text fw={700}>{t('console.ring.incoming')}</Text>
            </Group>
            <Text>
              {t('console.ring.waited')}{' '}
              <Text span fw={700} size="xl" data-testid="waited">
                {formatDuration(now - arrivedAt)}
              </Text>
            </Text>
          </Group>
          <Box>
            <Text size="sm" c="dimmed">
              {called.subscriberKana}
            </Text>
            <Title order={1} fz={{ base: '1.75rem', sm: '2.5rem' }} lh={1.25} data-testid="company">
              {company}
            </Title>
            <Group gap="md" mt="xs">
              <CertaintyBadge called={called} withHow />
            </Group>
          </Box>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Box>
              <Text size="sm" c="dimmed">
                {t('console.ring.caller')}
              </Text>
              <CallerNumber caller={caller} size="xl" />
            </Box>
            <Box>
              <Text size="sm" c="dimmed">
                {t('console.ring.line')}
              </Text>
              <LineText called={called} />
            </Box>
          </SimpleGrid>
          <GreetingBox called={called} preview />
          {byBrowser ? (
            <Group gap="sm">
              <Button
                size="xl"
                color="teal"
                autoFocus
                leftSection={<IconPhone aria-hidden />}
                rightSection={<Keys names={KEY_NAMES.answer} />}
                onClick={answer}
                data-testid="answer"
              >
                {t('console.ring.answer')}
              </Button>
              <Button
                size="lg"
                variant="subtle"
                color="gray"
                onClick={decline}
                data-testid="decline"
              >
                {t('console.ring.decline')}
              </Button>
            </Group>
          ) : (
            <Box>
              <Title order={2} size="h3">
                {t('console.ring.sip')}
              </Title>
              <Text c="dimmed">{t('console.ring.sipHint')}</Text>
            </Box>
          )}
        </Stack>
      </Paper>
    </Center>
  );
}

/** 名乗り with its reading: the first words of every call. */
export function GreetingBox(props: { called: CallView['called']; preview?: boolean }): ReactNode {
  const { t } = useTranslation();
  const { greeting, greetingKana } = props.called;
  return (
    <Box
      className={classes['greeting'] ?? ''}
      px="md"
      py={6}
      component="section"
      aria-label={t('console.call.greeting')}
    >
      {greetingKana !== '' && (
        <Text size="sm" c="dimmed" data-testid="greeting-kana">
          {greetingKana}
        </Text>
      )}
      <Text
        className={`${classes['greetingText'] ?? ''} ${props.preview ? (classes['greetingPreview'] ?? '') : ''}`}
        data-testid="greeting"
      >
        {greeting}
      </Text>
    </Box>
  );
}

/** Seen in the tab strip while another tab is in front. */
function useTabTitle(title: string): void {
  useEffect(() => {
    const before = document.title;
    document.title = title;
    return () => {
      document.title = before;
    };
  }, [title]);
}
