import {
  Button,
  CloseButton,
  Group,
  Paper,
  SegmentedControl,
  Stack,
  TextInput,
  Title,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconInbox, IconSearch, IconUserCheck } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { createLink, getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../shared/i18n.ts';
import classes from '../shared/rows.module.css';
import { aboutQuery, useSession } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useNow } from '../shared/use-now.ts';
import { useMessages } from './message-queries.ts';
import type { MessageFilter } from './message-queries.ts';
import { MessageRow } from './MessageRow.tsx';
import { PortalFrame } from './PortalFrame.tsx';

const route = getRouteApi('/portal');
const LinkButton = createLink(Button<'a'>);
const SEARCH_DELAY_MS = 300;

/** What was taken for the subscriber, newest first. */
export function MessageListPage(): ReactNode {
  const { t } = useTranslation();
  const { subscriberId } = useSession();
  const { show = 'open', q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(q);
  const [search] = useDebouncedValue(typed.trim(), SEARCH_DELAY_MS);
  useEffect(() => {
    void navigate({
      search: ({ q: _before, ...rest }) => (search === '' ? rest : { ...rest, q: search }),
      replace: true,
      resetScroll: false,
    });
  }, [search, navigate]);
  const choose = (value: string): void => {
    const next = value === 'all' ? 'all' : 'open';
    void navigate({ search: (before) => ({ ...before, show: next }), replace: true });
  };
  return (
    <PortalFrame>
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <Title order={1} size="h3" tabIndex={-1} data-focus-home>
            {t('portal.title')}
          </Title>
          <Group gap="sm">
            {subscriberId !== null && (
              <LinkButton
                to="/portal/presence"
                search
                variant="default"
                px="sm"
                leftSection={<IconUserCheck size={18} aria-hidden />}
                data-testid="to-presence"
              >
                {t('portal.presence.open')}
              </LinkButton>
            )}
            <SegmentedControl
              aria-label={t('portal.filter')}
              value={show}
              onChange={choose}
              data={[
                { value: 'open', label: t('portal.open') },
                { value: 'all', label: t('portal.all') },
              ]}
              data-testid="message-filter"
            />
          </Group>
        </Group>
        <TextInput
          type="search"
          size="md"
          maxLength={100}
          aria-label={t('portal.search')}
          placeholder={t('portal.searchPlaceholder')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          leftSection={<IconSearch size={18} aria-hidden />}
          rightSection={
            typed !== '' && (
              <CloseButton aria-label={t('portal.clearSearch')} onClick={() => setTyped('')} />
            )
          }
          data-testid="message-search"
        />
        <MessageList filter={{ show, search }} />
      </Stack>
    </PortalFrame>
  );
}

function MessageList({ filter }: { filter: MessageFilter }): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const { timeZone } = useSuspenseQuery(aboutQuery).data;
  const now = useNow(20_000);
  const query = useMessages(filter);
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  const messages = query.data.pages.flatMap((page) => page.messages);
  if (messages.length === 0) return <NoMessages filter={filter} />;
  const format = { language: currentLanguage(), timeZone };
  return (
    <Stack component="section" gap="xs" aria-label={t('portal.list')} aria-busy={query.isFetching}>
      <Paper className={classes['rows'] ?? ''} style={{ overflow: 'hidden' }}>
        {messages.map((message) => (
          <MessageRow
            key={message.id}
            message={message}
            now={now}
            format={format}
            withCompany={session.subscriberId === null}
          />
        ))}
      </Paper>
      {query.hasNextPage && (
        <Button
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
          data-testid="message-more"
        >
          {t('portal.more')}
        </Button>
      )}
    </Stack>
  );
}

function NoMessages({ filter }: { filter: MessageFilter }): ReactNode {
  const { t } = useTranslation();
  const icon = <IconInbox size={32} aria-hidden />;
  if (filter.search !== '') {
    return (
      <EmptyState icon={icon} title={t('portal.emptySearch', { search: filter.search })}>
        {t('portal.emptySearchNext')}
      </EmptyState>
    );
  }
  const isOpen = filter.show === 'open';
  return (
    <EmptyState icon={icon} title={isOpen ? t('portal.emptyOpen') : t('portal.empty')}>
      {isOpen ? t('portal.emptyOpenNext') : t('portal.emptyNext')}
    </EmptyState>
  );
}
