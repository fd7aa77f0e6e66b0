import {
  Box,
  Button,
  Group,
  Kbd,
  NativeSelect,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView, DeskView, PresenceBody } from '../../src/contract/index.ts';
import { isPlainEnter } from '../shared/ime.ts';
import { PRESENCE_LOOKS, PresenceBadge } from '../shared/PresenceBadge.tsx';
import { aboutQuery } from '../shared/session.tsx';
import { untilTime } from '../shared/until-time.ts';
import { Keys } from './CheatBar.tsx';
import { ChoiceList } from './ChoiceList.tsx';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import { presenceOf } from './relay-words.ts';

/** Their place is their key; the last takes back what was told. */
const CHOICES = [
  { id: 'in' },
  { id: 'out' },
  { id: 'meeting' },
  { id: 'off' },
  { id: 'forget' },
] as const;

/** 在席: a contact says where he is, and until when. Three keys and a time. */
export function PresencePanel(props: {
  call: CallView;
  about: string | null;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { view, draft } = useDeskSnapshot();
  const contacts = view?.contacts ?? [];
  const addressee = draft === null ? '' : valueOf(draft, 'contactId');
  const [chosen, choose] = useState(
    () => props.about ?? presenceOf(props.call, addressee, contacts) ?? '',
  );
  const contact = contacts.find(({ id }) => id === chosen) ?? contacts[0];
  const { subscriberId } = props.call.called;
  return (
    <Stack
      gap="xs"
      component="section"
      aria-label={t('console.whereabouts.title')}
      data-testid="presence-panel"
    >
      <Title order={2} size="sm">
        {t('console.whereabouts.title')}
      </Title>
      {contact === undefined || subscriberId === null ? (
        <Nobody close={props.close} />
      ) : (
        <>
          <NativeSelect
            aria-label={t('console.whereabouts.whose')}
            value={contact.id}
            onChange={({ currentTarget }) => choose(currentTarget.value)}
            data={contacts.map(({ id, name }) => ({ value: id, label: name }))}
            data-testid="presence-whose"
          />
          <Whereabouts
            // Of another contact nothing is chosen yet.
            key={contact.id}
            subscriberId={subscriberId}
            contact={contact}
            close={props.close}
          />
        </>
      )}
    </Stack>
  );
}

function Nobody({ close }: { close: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <>
      <Text size="sm" c="dimmed">
        {t('console.side.noContacts')}
      </Text>
      <Group>
        <Button autoFocus variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.close')}
        </Button>
      </Group>
    </>
  );
}

function Whereabouts(props: {
  subscriberId: string;
  contact: DeskView['contacts'][number];
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const now = useServerNow();
  const { data: about } = useQuery(aboutQuery);
  const { subscriberId, contact, close } = props;
  const [index, setIndex] = useState(() => placeOf(contact, now));
  const [time, setTime] = useState('');
  const [isRefused, setRefused] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const chosen = CHOICES[index]?.id ?? 'in';
  const until = time.trim() === '' ? null : untilTime(time, now, about?.timeZone);
  const tell = (): void => {
    if (until === undefined && chosen !== 'forget') {
      setRefused(true);
      field.current?.focus();
      return;
    }
    const presence: PresenceBody['presence'] =
      chosen === 'forget' ? null : { state: chosen, until: until ?? null };
    close();
    desk.attempt(() => desk.operations.tellPresence(subscriberId, contact.id, presence));
  };
  const take = (place: number): void => {
    setIndex(place);
    field.current?.focus();
  };
  return (
    <>
      <States index={index} onIndex={setIndex} take={take} tell={tell} close={close} />
      {chosen !== 'forget' && (
        <TextInput
          ref={field}
          label={t('console.whereabouts.until')}
          placeholder={t('console.whereabouts.untilPlaceholder')}
          value={time}
          maxLength={20}
          autoComplete="off"
          spellCheck={false}
          onChange={({ currentTarget }) => {
            setTime(currentTarget.value);
            setRefused(false);
          }}
          onKeyDown={(event: KeyboardEvent) => {
            if (!isPlainEnter(event.nativeEvent)) return;
            event.preventDefault();
            tell();
          }}
          error={isRefused && t('console.whereabouts.notATime')}
          data-testid="presence-until"
        />
      )}
      <Box role="status" mih={28} data-testid="presence-preview">
        {chosen !== 'forget' && until !== undefined && (
          <PresenceBadge presence={{ state: chosen, until }} now={now} />
        )}
      </Box>
      <Group gap="xs">
        <Button
          px="sm"
          rightSection={<Keys names={['Enter']} />}
          onClick={tell}
          data-testid="presence-tell"
        >
          {t('console.whereabouts.tell')}
        </Button>
        <Button px="sm" variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.cancel')}
        </Button>
      </Group>
    </>
  );
}

/** The bar stands where he is by what is known; nobody opens this for somebody who is in. */
function placeOf({ presence }: DeskView['contacts'][number], now: number): number {
  const isKnown = presence !== null && (presence.until === null || presence.until > now);
  const state = isKnown ? presence.state : 'meeting';
  return CHOICES.findIndex(({ id }) => id === state);
}

function States(props: {
  index: number;
  onIndex: (index: number) => void;
  /** By its key: what is typed next is the time. */
  take: (index: number) => void;
  tell: () => void;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { index, onIndex, take, tell, close } = props;
  const keys = Object.fromEntries(
    CHOICES.flatMap((_, place) =>
      ['Digit', 'Numpad'].map((row) => [`${row}${place + 1}`, () => take(place)]),
    ),
  );
  return (
    <ChoiceList
      label={t('console.whereabouts.state')}
      choices={CHOICES}
      index={index}
      onIndex={onIndex}
      keys={keys}
      onEnter={tell}
      onLeave={close}
      compact
      testId="presence-states"
    >
      {({ id }) => {
        const Icon = id === 'forget' ? null : PRESENCE_LOOKS[id].Icon;
        return (
          <Group justify="space-between" gap="xs" wrap="nowrap">
            <Group gap={8} wrap="nowrap">
              {Icon !== null && <Icon size={18} aria-hidden />}
              <Text>{id === 'forget' ? t('console.whereabouts.forget') : t(`presence.${id}`)}</Text>
            </Group>
            <Kbd visibleFrom="sm" aria-hidden>
              {CHOICES.findIndex((one) => one.id === id) + 1}
            </Kbd>
          </Group>
        );
      }}
    </ChoiceList>
  );
}
