import { Badge, Box, Group, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView, DeskView } from '../../src/contract/index.ts';
import { formatAgo, formatDateTime } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';

type Contact = DeskView['contacts'][number];

/** Right: the people a message may be for, and what this caller wanted before. */
export function CallSide(props: {
  call: CallView;
  closed: boolean;
  timeZone: string | undefined;
}): ReactNode {
  return (
    <Stack gap="md">
      <Note call={props.call} />
      <Contacts closed={props.closed} />
      <EarlierCalls call={props.call} timeZone={props.timeZone} />
    </Stack>
  );
}

/** What the subscriber wants minded, before everything else. */
function Note(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { note } = props.call.called;
  if (note === '') return null;
  return (
    <Stack gap={4} component="section" aria-label={t('console.call.note')} data-testid="note">
      <Title order={2} size="sm">
        {t('console.call.note')}
      </Title>
      <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
        {note.trim()}
      </Text>
    </Stack>
  );
}

function Contacts(props: { closed: boolean }): ReactNode {
  const { t } = useTranslation();
  const { view, draft } = useDeskSnapshot();
  const contacts = view?.contacts ?? [];
  const chosen = draft === null ? '' : valueOf(draft, 'contactId');
  return (
    <Stack gap={4} component="section" aria-label={t('console.side.contacts')}>
      <Title order={2} size="sm">
        {t('console.side.contacts')}
      </Title>
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
    </Stack>
  );
}

function ContactRow(props: { contact: Contact; chosen: boolean; closed: boolean }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { contact, chosen } = props;
  return (
    <UnstyledButton
      p={6}
      disabled={props.closed}
      aria-pressed={chosen}
      aria-label={t('console.side.choose', { name: contact.name })}
      onClick={() => desk.type('contactId', chosen ? '' : contact.id)}
      data-testid={`contact-${contact.id}`}
      bg={chosen ? 'var(--mantine-primary-color-light)' : undefined}
      style={{ borderRadius: 'var(--mantine-radius-sm)' }}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Box>
          <Group gap="xs" align="baseline">
            <Text fw={600}>{contact.name}</Text>
            <Text size="xs" c="dimmed">
              {contact.kana}
            </Text>
          </Group>
          <Text size="sm" c="dimmed">
            {[contact.title, contact.phone].filter(Boolean).join('　')}
          </Text>
        </Box>
        {chosen && (
          <Badge
            radius="sm"
            tt="none"
            leftSection={<IconUserCheck size={14} aria-hidden />}
            style={{ flexShrink: 0 }}
          >
            {t('console.side.chosen')}
          </Badge>
        )}
      </Group>
    </UnstyledButton>
  );
}

function EarlierCalls(props: { call: CallView; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const now = useServerNow();
  const earlier = view?.earlierCalls ?? [];
  const options = { language: currentLanguage(), timeZone: props.timeZone };
  const none =
    props.call.caller.number === null ? 'console.side.noNumber' : 'console.side.noEarlier';
  return (
    <Stack gap="xs" component="section" aria-label={t('console.side.earlier')}>
      <Title order={2} size="sm">
        {t('console.side.earlier')}
      </Title>
      {earlier.length === 0 && (
        <Text size="sm" c="dimmed">
          {t(none)}
        </Text>
      )}
      {earlier.map((call) => (
        <Box key={call.callId} data-testid="earlier-call">
          <Text size="xs" c="dimmed">
            {formatDateTime(call.arrivedAt, options)}（{formatAgo(call.arrivedAt, now, options)}）
            {call.operatorName}
          </Text>
          <Text size="sm" lineClamp={3}>
            {call.summary === '' ? t('console.side.noSummary') : call.summary}
          </Text>
        </Box>
      ))}
    </Stack>
  );
}
