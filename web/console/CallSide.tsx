import {
  Badge,
  Box,
  Button,
  Group,
  Stack,
  Text,
  Title,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import { IconAlertCircle, IconUserCheck } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView, DeskView } from '../../src/contract/index.ts';
import { currentLanguage } from '../shared/i18n.ts';
import type { FormatOptions } from '../shared/format.ts';
import { PresenceBadge, untilText } from '../shared/PresenceBadge.tsx';
import { When } from '../shared/When.tsx';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { earlierText } from './earlier-text.ts';
import { valueOf } from './draft-keeper.ts';
import { KEY_NAMES } from './keys.ts';

type Contact = DeskView['contacts'][number];

/** Right: what must be known before speaking, then the people a message may be for. */
export function CallSide(props: {
  call: CallView;
  closed: boolean;
  timeZone: string | undefined;
  tellPresence: () => void;
}): ReactNode {
  return (
    <Stack gap="md">
      <Note call={props.call} />
      <EarlierCalls call={props.call} timeZone={props.timeZone} />
      <Contacts {...props} />
    </Stack>
  );
}

function Section(props: { title: string; aside?: ReactNode; children: ReactNode }): ReactNode {
  return (
    <Stack gap={4} component="section" aria-label={props.title}>
      <Group justify="space-between" gap="xs">
        <Title order={2} size="sm">
          {props.title}
        </Title>
        {props.aside}
      </Group>
      {props.children}
    </Stack>
  );
}

/** More than fits without scrolling. */
const LONG_NOTE = 120;

/** What the subscriber wants minded, before everything else. */
function Note(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { note } = props.call.called;
  if (note === '') return null;
  return (
    <Stack gap={4} component="section" aria-label={t('console.call.note')} data-testid="note">
      <Group gap={6} c="orange">
        <IconAlertCircle size={18} aria-hidden />
        <Title order={2} size="sm">
          {t('console.call.note')}
        </Title>
      </Group>
      {/* Of a long one the rest is scrolled to: the people below it are wanted in every call. */}
      <Box
        className={classes['note'] ?? ''}
        tabIndex={note.length > LONG_NOTE ? 0 : undefined}
        role={note.length > LONG_NOTE ? 'group' : undefined}
        aria-label={note.length > LONG_NOTE ? t('console.call.note') : undefined}
      >
        <Text size="sm" lang="ja" style={{ whiteSpace: 'pre-line' }}>
          {note.trim()}
        </Text>
      </Box>
    </Stack>
  );
}

function Contacts(props: {
  closed: boolean;
  tellPresence: () => void;
  timeZone: string | undefined;
}): ReactNode {
  const { t } = useTranslation();
  const { view, draft } = useDeskSnapshot();
  const contacts = view?.contacts ?? [];
  const chosen = draft === null ? '' : valueOf(draft, 'contactId');
  return (
    <Section
      title={t('console.side.contacts')}
      aside={
        contacts.length > 0 && (
          <Button
            size="compact-sm"
            variant="subtle"
            rightSection={<Keys names={KEY_NAMES.presence} />}
            aria-keyshortcuts={KEY_NAMES.presence.join('+')}
            onClick={props.tellPresence}
            data-testid="tell-presence"
          >
            {t('console.whereabouts.open')}
          </Button>
        )
      }
    >
      <PresenceNews contacts={contacts} timeZone={props.timeZone} />
      {contacts.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('console.side.noContacts')}
        </Text>
      )}
      {contacts.map((contact) => (
        <ContactRow
          key={contact.id}
          contact={contact}
          chosen={chosen === contact.id}
          closed={props.closed}
        />
      ))}
    </Section>
  );
}

/** Whoever told it, where a contact is now is said once. */
function PresenceNews(props: {
  contacts: readonly Contact[];
  timeZone: string | undefined;
}): ReactNode {
  const { t } = useTranslation();
  const { contacts, timeZone } = props;
  const known = useRef<ReadonlyMap<string, string> | null>(null);
  const [news, setNews] = useState('');
  useEffect(() => {
    const before = known.current;
    const format = { language: currentLanguage(), timeZone };
    const words = new Map(contacts.map((one) => [one.id, presenceWords(one, format, t)]));
    known.current = words;
    const changed = [...words].filter(([id, text]) => {
      const old = before?.get(id);
      return old !== undefined && old !== text;
    });
    if (changed.length > 0) setNews(changed.map(([, text]) => text).join(' '));
  }, [contacts, timeZone, t]);
  return <VisuallyHidden role="status">{news}</VisuallyHidden>;
}

function presenceWords({ name, presence }: Contact, format: FormatOptions, t: TFunction): string {
  if (presence === null) return t('console.whereabouts.unknown', { name });
  const { state, until } = presence;
  const time = until === null ? '' : untilText(until, Date.now(), format, t);
  return t('console.whereabouts.told', { name, state: t(`presence.${state}`), time });
}

function ContactRow(props: { contact: Contact; chosen: boolean; closed: boolean }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const now = useServerNow();
  const { contact, chosen } = props;
  return (
    <UnstyledButton
      px="xs"
      py={6}
      mx={-8}
      mih={44}
      disabled={props.closed}
      aria-pressed={chosen}
      aria-label={t('console.side.choose', { name: contact.name })}
      onClick={() => desk.type('contactId', chosen ? '' : contact.id)}
      data-testid={`contact-${contact.id}`}
      bg={chosen ? 'var(--mantine-primary-color-light)' : undefined}
      style={{ borderRadius: 'var(--mantine-radius-sm)' }}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
        <Group gap="xs" align="baseline" style={{ rowGap: 2 }}>
          <Text fw={600}>{contact.name}</Text>
          <Text size="xs" c="dimmed">
            {contact.kana}
          </Text>
          <PresenceBadge presence={contact.presence} now={now} />
        </Group>
        {chosen && (
          <Badge variant="filled" leftSection={<IconUserCheck size={14} aria-hidden />}>
            {t('console.side.chosen')}
          </Badge>
        )}
      </Group>
      <Group gap="sm" style={{ rowGap: 0 }}>
        <Text size="sm" c="dimmed">
          {contact.title}
        </Text>
        <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {contact.phone}
        </Text>
      </Group>
    </UnstyledButton>
  );
}

function EarlierCalls(props: { call: CallView; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const now = useServerNow();
  const earlier = view?.earlierCalls ?? [];
  const format = { language: currentLanguage(), timeZone: props.timeZone };
  const none =
    props.call.caller.number === null ? 'console.side.noNumber' : 'console.side.noEarlier';
  return (
    <Section title={t('console.side.earlier')}>
      {earlier.length === 0 && (
        <Text size="sm" c="dimmed">
          {t(none)}
        </Text>
      )}
      {earlier.map((call) => (
        <Box key={call.callId} data-testid="earlier-call">
          <Text size="xs" c="dimmed">
            <When at={call.arrivedAt} now={now} format={format} /> {call.operatorName}
          </Text>
          <Text size="sm" lineClamp={2}>
            {earlierText(call, t)}
          </Text>
        </Box>
      ))}
    </Section>
  );
}
