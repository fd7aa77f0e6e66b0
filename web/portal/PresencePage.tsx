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
import { PresenceBadge, untilText } from '../shared/PresenceBadge.tsx';
import type { Presence } from '../shared/PresenceBadge.tsx';
import { problemText } from '../shared/problem-text.ts';
import { aboutQuery, useSession } from '../shared/session.tsx';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { untilTime } from '../shared/until-time.ts';
import { useNow } from '../shared/use-now.ts';
import { PortalFrame } from './PortalFrame.tsx';

const LinkAnchor = createLink(Anchor<'a'>);
const STATES = ['in', 'out', 'meeting', 'off'] as const;
type State = (typeof STATES)[number];
/** How long it holds; `open`: until it is changed. */
const SPANS = ['open', '30m', '1h', '3h', 'today'] as const;
type Span = (typeof SPANS)[number];
const MINUTES = { '30m': 30, '1h': 60, '3h': 180 } as const;

/** What holds now: shown as the time it ends, however it was chosen. */
const KEPT = 'kept';

/** A day ends where the company is. */
function untilOf(span: Span, now: number, timeZone: string | undefined): number | null {
  if (span === 'open') return null;
  return span === 'today'
    ? (untilTime('today', now, timeZone) ?? null)
    : now + MINUTES[span] * 60_000;
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
          <Title order={1} size="h3" tabIndex={-1} data-focus-home>
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
  const timeZone = useTimeZone();
  const queryClient = useQueryClient();
  const { subscriberId, contact } = props;
  const { id, name, title } = contact;
  // Chosen before it was said where he is.
  const [wished, setWished] = useState<Span>('open');
  const tell = useMutation({
    mutationFn: (next: Told) =>
      request(nothing, 'PUT', `${API}/subscribers/${subscriberId}/contacts/${id}/presence`, {
        body: { presence: next },
      }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['subscriber', subscriberId] }),
  });
  const presence = holding(tell.isPending ? tell.variables : contact.presence, now);
  const say = (state: State, until: number | null): void => tell.mutate({ state, until });
  const sayState = (next: State): void => {
    if (presence === null) say(next, untilOf(wished, Date.now(), timeZone));
    // Who is back is back, whenever that was to be.
    else say(next, next === 'in' ? null : presence.until);
  };
  const saySpan = (span: Span): void => {
    setWished(span);
    if (presence !== null) say(presence.state, untilOf(span, Date.now(), timeZone));
  };
  return (
    <Paper
      p="md"
      component="section"
      aria-label={name}
      data-testid="presence-of"
      data-state={presence?.state ?? 'unknown'}
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
          value={presence?.state ?? ''}
          onChange={(value) => sayState(STATES.find((one) => one === value) ?? 'in')}
          data={STATES.map((value) => ({ value, label: t(`presence.${value}`) }))}
        />
        <Group gap="xs" align="flex-end">
          <UntilChoice
            until={presence?.until ?? null}
            now={now}
            wished={presence === null ? wished : 'open'}
            choose={saySpan}
          />
          <Button
            variant="default"
            // Not disabled: it would lose the focus by what it does.
            aria-disabled={presence === null}
            data-disabled={presence === null || undefined}
            onClick={() => {
              if (presence !== null) tell.mutate(null);
            }}
            data-testid="presence-forget"
          >
            {t('portal.presence.forget')}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

type Told = PresenceBody['presence'];

function holding(
  told: SubscriberView['contacts'][number]['presence'],
  now: number,
): Presence | null {
  return told?.until != null && told.until <= now ? null : told;
}

function useTimeZone(): string | undefined {
  return useQuery(aboutQuery).data?.timeZone;
}

/** The time that holds now is the first of the choices; the others count from now. */
function UntilChoice(props: {
  until: number | null;
  now: number;
  /** Where no time holds. */
  wished: Span;
  choose: (span: Span) => void;
}): ReactNode {
  const { t } = useTranslation();
  const timeZone = useTimeZone();
  const { until, now, wished, choose } = props;
  const format = { language: currentLanguage(), timeZone };
  const isToday = until !== null && until === untilOf('today', now, timeZone);
  const kept =
    until === null || isToday ? [] : [{ value: KEPT, label: untilText(until, now, format, t) }];
  return (
    <NativeSelect
      flex="1 1 10rem"
      label={t('portal.presence.until')}
      data-testid="presence-until"
      value={isToday ? 'today' : (kept[0]?.value ?? wished)}
      onChange={({ currentTarget }) => {
        const chosen = SPANS.find((one) => one === currentTarget.value);
        if (chosen !== undefined) choose(chosen);
      }}
      data={[
        ...kept,
        ...SPANS.map((value) => ({ value, label: t(`portal.presence.span.${value}`) })),
      ]}
    />
  );
}
