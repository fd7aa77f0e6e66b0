import {
  Alert,
  Box,
  Button,
  Container,
  Grid,
  NavLink,
  Paper,
  Stack,
  Tabs,
  Text,
  Title,
} from '@mantine/core';
import { IconChevronLeft, IconInbox, IconMailOff } from '@tabler/icons-react';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { mailboxMailSchema } from '../../src/contract/index.ts';
import type { MailboxMail } from '../../src/contract/index.ts';
import { API, ApiProblem, request } from '../shared/api.ts';
import { AppHeader } from '../shared/AppHeader.tsx';
import { formatDateTime } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import classes from '../shared/rows.module.css';
import { aboutQuery } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';

const mailboxSchema = z.object({ mails: z.array(mailboxMailSchema) });
const POLL_MS = 3_000;

/** What would have gone out if a mail server were set. */
export function MailboxPage(): ReactNode {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ['mailbox'],
    queryFn: ({ signal }) => request(mailboxSchema, 'GET', `${API}/mailbox`, { signal }),
    refetchInterval: ({ state }) => (state.error === null ? POLL_MS : false),
  });
  const isSmtpSet = query.error instanceof ApiProblem && query.error.status === 404;
  return (
    <Box mih="100dvh">
      <AppHeader area={t('mailbox.title')} />
      <Container component="main" size="xl" px={{ base: 'sm', sm: 'md' }} py="md">
        {query.data !== undefined ? (
          <Mails mails={query.data.mails} />
        ) : query.isPending ? (
          <LoadingState />
        ) : isSmtpSet ? (
          <EmptyState icon={<IconInbox size={32} aria-hidden />} title={t('mailbox.smtpSet')}>
            {t('mailbox.smtpSetNext')}
          </EmptyState>
        ) : (
          <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Container>
    </Box>
  );
}

function Mails({ mails }: { mails: MailboxMail[] }): ReactNode {
  const { t } = useTranslation();
  const { timeZone } = useSuspenseQuery(aboutQuery).data;
  const [chosen, setChosen] = useState<string | null>(null);
  const mail = mails.find(({ id }) => id === chosen) ?? null;
  const format = { language: currentLanguage(), timeZone };
  return (
    <Stack gap="md">
      <Alert
        color="orange"
        icon={<IconMailOff aria-hidden />}
        title={t('mailbox.notSent')}
        data-testid="mailbox-not-sent"
      />
      {mails.length === 0 ? (
        <EmptyState icon={<IconInbox size={32} aria-hidden />} title={t('mailbox.empty')}>
          {t('mailbox.emptyNext')}
        </EmptyState>
      ) : (
        <Grid>
          <Grid.Col span={{ base: 12, md: 5 }} visibleFrom={mail === null ? undefined : 'md'}>
            <Paper
              component="nav"
              className={classes['rows'] ?? ''}
              style={{ overflow: 'hidden' }}
              aria-label={t('mailbox.list')}
            >
              {mails.map(({ id, subject, to, receivedAt }) => (
                <NavLink
                  key={id}
                  component="button"
                  active={id === chosen}
                  label={subject}
                  description={`${to} · ${formatDateTime(receivedAt, format)}`}
                  onClick={() => setChosen(id)}
                  data-testid="mailbox-row"
                />
              ))}
            </Paper>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 7 }}>
            {mail === null ? (
              <Text c="dimmed" visibleFrom="md">
                {t('mailbox.choose')}
              </Text>
            ) : (
              <Stack gap="xs">
                <Button
                  variant="subtle"
                  w="fit-content"
                  px="xs"
                  hiddenFrom="md"
                  leftSection={<IconChevronLeft size={18} aria-hidden />}
                  onClick={() => setChosen(null)}
                >
                  {t('mailbox.back')}
                </Button>
                <MailView mail={mail} at={formatDateTime(mail.receivedAt, format)} />
              </Stack>
            )}
          </Grid.Col>
        </Grid>
      )}
    </Stack>
  );
}

/** The mail's links open beside this page; nothing in it can run or reach this page. */
function MailView({ mail, at }: { mail: MailboxMail; at: string }): ReactNode {
  const { t } = useTranslation();
  return (
    <Paper p="md" component="article" data-testid="mailbox-mail">
      <Title order={2} size="h4">
        {mail.subject}
      </Title>
      <Text size="sm" c="dimmed">
        {t('mailbox.from')}: {mail.from}
      </Text>
      <Text size="sm" c="dimmed">
        {t('mailbox.to')}: {mail.to} · {at}
      </Text>
      <Tabs defaultValue="html" mt="sm" keepMounted={false}>
        <Tabs.List aria-label={t('mailbox.view')}>
          <Tabs.Tab value="html">{t('mailbox.html')}</Tabs.Tab>
          <Tabs.Tab value="text">{t('mailbox.text')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="html" pt="sm">
          <iframe
            title={t('mailbox.body')}
            sandbox="allow-popups allow-popups-to-escape-sandbox"
            srcDoc={`<base target="_blank">${mail.html}`}
            style={{
              width: '100%',
              height: '60dvh',
              border: 0,
              background: '#fff',
              colorScheme: 'light',
            }}
            data-testid="mailbox-html"
          />
        </Tabs.Panel>
        <Tabs.Panel value="text" pt="sm">
          <Text style={{ whiteSpace: 'pre-wrap' }} data-testid="mailbox-text">
            {mail.text}
          </Text>
        </Tabs.Panel>
      </Tabs>
    </Paper>
  );
}
