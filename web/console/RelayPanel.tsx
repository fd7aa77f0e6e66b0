import { Badge, Group, Stack, Text, Title } from '@mantine/core';
import {
  IconMessages,
  IconPhoneCall,
  IconPhoneOutgoing,
  IconPhoneX,
  IconVolume,
  IconClockPause,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { formatDuration } from '../shared/format.ts';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDeskSnapshot, useServerNow } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import { ConsultReasons } from './ConsultReasons.tsx';
import { KEY_NAMES } from './keys.ts';
import { RelayChoice } from './RelayChoice.tsx';
import { callerKind, requestText } from './relay-words.ts';
import { Spoken } from './Spoken.tsx';

type ContactLeg = CallView['contacts'][number];

/** 取次ぎ: whom to ring, what to tell them, and what became of each. */
export function RelayPanel(props: {
  call: CallView;
  open: boolean;
  /** The contact the choice begins at. */
  about: string | null;
  tellPresence: (contactId: string) => void;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { call, open, about, tellPresence, close } = props;
  const { contacts, relay, phase } = call;
  if (!open && contacts.length === 0 && relay === null) return null;
  return (
    <Stack
      gap="xs"
      component="section"
      aria-label={t('console.relay.title')}
      data-testid="relay-panel"
    >
      <Group justify="space-between" gap="xs">
        <Title order={2} size="sm">
          {t('console.relay.title')}
        </Title>
        {!open && call.operations.includes('relay') && <Keys names={KEY_NAMES.relay} />}
      </Group>
      <Progress call={call} />
      {open && <RelayChoice call={call} about={about} tellPresence={tellPresence} close={close} />}
      {(open || isAnnounced(call)) && <ToSay />}
      {phase === 'consulting' && <ConsultReasons call={call} />}
    </Stack>
  );
}

/** The operator speaks to the contact before the caller hears him. */
function isAnnounced({ phase, relay, contacts }: CallView): boolean {
  const isBefore = phase === 'relaying' || phase === 'consulting';
  const isSpoken = relay?.announce !== 'system' && relay?.announce !== 'nobody';
  return isBefore && isSpoken && contacts.length > 0;
}

/** Who is rung or on the line, who comes next, and what became of the others. */
function Progress({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { contacts, relay, phase } = call;
  const waiting = phase === 'relaying' ? (relay?.waiting ?? []) : [];
  // Who is rung again, or has pressed 2, stands there already.
  const outcomes = (relay?.outcomes ?? []).filter(
    (outcome) => !contacts.some((contact) => isSame(contact, outcome)),
  );
  return (
    <Stack gap={4} aria-live="polite">
      {contacts.map((contact) => (
        <ContactState key={contact.legId} contact={contact} />
      ))}
      {waiting.map(({ contactId, name }, place) => (
        <Text key={contactId ?? `${name}-${place}`} size="sm" c="dimmed">
          {t('console.relay.next', { name })}
        </Text>
      ))}
      {outcomes.map((outcome, place) => (
        <Outcome key={`${outcome.name}-${place}`} outcome={outcome} />
      ))}
    </Stack>
  );
}

function isSame(
  { state, contactId, name }: ContactLeg,
  outcome: { contactId: string | null; name: string },
): boolean {
  const isKnown = contactId !== null || state === 'declining';
  return isKnown && contactId === outcome.contactId && name === outcome.name;
}

const STATES: Record<
  ContactLeg['state'],
  { color: string; Icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }> }
> = {
  dialing: { color: 'orange', Icon: IconPhoneOutgoing },
  ringing: { color: 'orange', Icon: IconPhoneCall },
  announcing: { color: 'indigo', Icon: IconVolume },
  accepting: { color: 'green', Icon: IconVolume },
  declining: { color: 'orange', Icon: IconPhoneX },
  waiting: { color: 'indigo', Icon: IconClockPause },
  joined: { color: 'teal', Icon: IconMessages },
};

/** Where a contact stands, and how long it may stay so. */
function ContactState({ contact }: { contact: ContactLeg }): ReactNode {
  const { t } = useTranslation();
  const now = useServerNow();
  const { name, numberFormatted, state, due } = contact;
  const { color, Icon } = STATES[state];
  return (
    <Group justify="space-between" gap="xs" data-testid="relay-contact" data-state={state}>
      <Stack gap={0}>
        <Text fw={600}>{name === '' ? numberFormatted : name}</Text>
        {name !== '' && (
          <Text size="xs" c="dimmed">
            {numberFormatted}
          </Text>
        )}
      </Stack>
      <Group gap={6}>
        <Badge color={color} leftSection={<Icon size={16} aria-hidden />}>
          {t(`console.relay.state.${state}`)}
        </Badge>
        {due !== null && state !== 'declining' && (
          // A timer is not said aloud at every second of it.
          <Text size="sm" c="dimmed" role="timer" aria-live="off">
            {t('console.relay.left', { time: formatDuration(Math.max(0, due - now)) })}
          </Text>
        )}
      </Group>
    </Group>
  );
}

function Outcome(props: {
  outcome: NonNullable<CallView['relay']>['outcomes'][number];
}): ReactNode {
  const { t } = useTranslation();
  const { name, reason } = props.outcome;
  return (
    <Group gap={6} wrap="nowrap" data-testid="relay-outcome" data-reason={reason}>
      <IconPhoneX size={16} aria-hidden style={{ flexShrink: 0 }} />
      <Text size="sm">
        {name === '' ? t('console.relay.otherNumber') : name}　{t(`console.relay.reason.${reason}`)}
      </Text>
    </Group>
  );
}

/** お電話です: composed from the form as it is written. */
function ToSay(): ReactNode {
  const { t } = useTranslation();
  const { draft, view } = useDeskSnapshot();
  const value = (field: 'company' | 'name' | 'phone' | 'body'): string =>
    draft === null ? '' : valueOf(draft, field);
  const said = {
    company: value('company'),
    name: value('name'),
    phone: value('phone') || (view?.call?.caller.numberFormatted ?? ''),
    body: value('body'),
  };
  const operator = view?.operatorName ?? '';
  const request = requestText(said.body);
  return (
    <Stack
      gap={2}
      pl="xs"
      className={classes['phraseNow'] ?? ''}
      component="section"
      aria-label={t('console.relay.say')}
      data-testid="relay-say"
    >
      <Text size="xs" c="dimmed">
        {t('console.relay.say')}
      </Text>
      <Text lang="ja">
        <Spoken
          text={[
            t('console.relay.hello', { operator }),
            t(`console.relay.from.${callerKind(said)}`, said),
            request === '' ? '' : t('console.relay.about', { request }),
            t('console.relay.ask'),
          ].join('')}
          kept={[operator, said.company, said.name, said.phone]}
          free={[request]}
        />
      </Text>
    </Stack>
  );
}
