import {
  Alert,
  Anchor,
  Button,
  Group,
  NativeSelect,
  Paper,
  SegmentedControl,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { IconChevronLeft, IconUsers } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createLink } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { subscriberViewSchema } from '../../src/contract/index.ts';
import type { PresenceBody, SubscriberView } from '../../src/contract/index.ts';
import { API, nothing, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { PresenceBadge } from '../shared/PresenceBadge.tsx';
import { problemText } from '../shared/problem-text.ts';
import { useSession } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useNow } from '../shared/use-now.ts';
import { PortalFrame } from './PortalFrame.tsx';

const LinkAnchor = createLink(Anchor<'a'>);
const STATES = ['in', 'out', 'meeting', 'off'] as const;
type State = (typeof STATES)[number];
/** How long it holds; `open`: until it is changed. */
const SPANS = ['open', '30m', '1h', '3h', 'today'] as const;
type Span = (typeof SPANS)[number];
const MINUTES = { '30m': 30, '1h': 60, '3h': 180 } as const;

function untilOf(span: Span, now: number): number | null {
  if (span === 'open') return null;
  return span === 'today' ? new Date(now).setHours(24, 0, 0, 0) : now + MINUTES[span] * 60_000;
}

/** 在席: where the company's people are, for whoever answers its calls. */
export function PresencePage(): ReactNode {
  const { t } = useTranslation();
  const { subscriberId } = useSession();
  return (
    <PortalFrame>
      <Stack gap="md">
        <LinkAnchor to="/portal" search py={10} my={-10} w="fit-content">
          <Group gap={4} component="span">
            <IconChevronLeft size={18} aria-hidden />
            {t('portal.back')}
          </Group>
        </LinkAnchor>
        <Stack gap={4}>
          <Title order={1} size="h3">
            {t('portal.presence.title')}
          </Title>
          <Text c="dimmed" size="sm">
            {t('portal.presence.lead')}
          </Text>
        </Stack>
        {subscriberId !== null && <People subscriberId={subscriberId} />}
      </Stack>
    </PortalFrame>
  );
}

function People({ subscriberId }: { subscriberId: string }): ReactNode {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ['subscriber', subscriberId],
    queryFn: ({ signal }) =>
      request(subscriberViewSchema, 'GET', `${API}/subscribers/${subscriberId}`, { signal }),
  });
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  const { contacts } = query.data;
  if (contacts.length === 0) {
    return (
      <EmptyState icon={<IconUsers size={32} aria-hidden />} title={t('console.side.noContacts')} />
    );
  }
  return contacts.map((contact) => (
    <Person key={contact.id} subscriberId={subscriberId} contact={contact} />
  ));
}

function Person(props: {
  subscriberId: string;
  contact: SubscriberView['contacts'][number];
}): ReactNode {
  const { t } = useTranslation();
  const now = useNow(20_000);
  const queryClient = useQueryClient();
  const { subscriberId, contact } = props;
  const { id, name, title, presence } = contact;
  const [span, setSpan] = useState<Span>('open');
  const isOver = presence?.until != null && presence.until <= now;
  const state = presence === null || isOver ? null : presence.state;
  const tell = useMutation({
    mutationFn: (next: PresenceBody['presence']) =>
      request(nothing, 'PUT', `${API}/subscribers/${subscriberId}/contacts/${id}/presence`, {
        body: { presence: next },
      }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['subscriber', subscriberId] }),
  });
  const say = (next: State, howLong: Span): void =>
    tell.mutate({ state: next, until: untilOf(howLong, Date.now()) });
  return (
    <Paper
      p="md"
      component="section"
      aria-label={name}
      data-testid="presence-of"
      data-state={state ?? 'unknown'}
    >
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Group gap="xs" align="baseline">
            <Text fw={600}>{name}</Text>
            <Text size="sm" c="dimmed">
              {title}
            </Text>
          </Group>
          <div role="status">
            <PresenceBadge presence={presence} now={now} />
          </div>
        </Group>
        {tell.error !== null && (
          <Alert color="red" variant="light" role="alert">
            {problemText(tell.error, currentLanguage())}
          </Alert>
        )}
        <SegmentedControl
          fullWidth
          aria-label={t('portal.presence.state', { name })}
          value={state ?? ''}
          onChange={(value) => say(STATES.find((one) => one === value) ?? 'in', span)}
          data={STATES.map((value) => ({ value, label: t(`presence.${value}`) }))}
        />
        <Group gap="xs" align="flex-end">
          <NativeSelect
            flex="1 1 10rem"
            label={t('portal.presence.until')}
            value={span}
            onChange={({ currentTarget }) => {
              const next = SPANS.find((one) => one === currentTarget.value) ?? 'open';
              setSpan(next);
              if (state !== null) say(state, next);
            }}
            data={SPANS.map((value) => ({ value, label: t(`portal.presence.span.${value}`) }))}
          />
          <Button
            variant="default"
            disabled={state === null}
            loading={tell.isPending}
            onClick={() => tell.mutate(null)}
          >
            {t('portal.presence.forget')}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
