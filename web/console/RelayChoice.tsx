import { Alert, Badge, Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconArrowForwardUp, IconPhoneOutgoing } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import type { ReactNode, RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { isPlainEnter } from '../shared/ime.ts';
import { PresenceBadge } from '../shared/PresenceBadge.tsx';
import type { RelayTo } from './call-commands.ts';
import { Keys } from './CheatBar.tsx';
import { ChoiceList } from './ChoiceList.tsx';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import { chosenIds, reachable } from './relay-words.ts';

type Ring = (to: RelayTo[], withShift: boolean) => void;

/** Who is rung, in which order, and who tells them of the call. */
export function RelayChoice(props: {
  call: CallView;
  about: string | null;
  tellPresence: (contactId: string) => void;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view } = useDeskSnapshot();
  const { call, close } = props;
  const contacts = reachable(view?.contacts ?? []);
  const [bySystem, setBySystem] = useState(false);
  const [together, setTogether] = useState(false);
  const number = useRef<HTMLInputElement>(null);
  const [refusal, setRefusal] = useState<TransferRefusal | null>(null);
  const mayTransfer = call.operations.includes('transfer');
  const ring: Ring = (to, withShift) => {
    const [only] = to;
    if (only === undefined) return;
    const why = withShift ? transferRefusal(call, to.length) : null;
    setRefusal(why);
    // To ring and ask is another thing than she wished.
    if (why !== null) return;
    const announce = bySystem ? 'system' : 'operator';
    const order = together ? 'together' : 'one-after-another';
    close();
    desk.attempt(() =>
      withShift
        ? desk.operations.transfer(call.id, only)
        : desk.operations.relay(call.id, { to, order, announce }),
    );
  };
  const keys = {
    KeyA: () => setTogether((on) => !on),
    KeyS: () => setBySystem((on) => !on),
    KeyN: () => number.current?.focus(),
  };
  return (
    <Stack gap="xs">
      {refusal !== null && (
        <Alert
          py="xs"
          color="red"
          icon={<IconAlertTriangle aria-hidden />}
          role="alert"
          data-testid="transfer-refused"
        >
          {t(`console.relay.${refusal}`)}
        </Alert>
      )}
      {contacts.length > 0 ? (
        <ContactChoice
          contacts={contacts}
          about={props.about}
          tellPresence={props.tellPresence}
          keys={keys}
          ring={ring}
          close={close}
          mayTransfer={mayTransfer}
        />
      ) : (
        <Text size="sm" c="dimmed">
          {t('console.relay.nobody')}
        </Text>
      )}
      {contacts.length > 1 && (
        <Switch
          checked={together}
          set={setTogether}
          label={t('console.relay.together')}
          keyName="A"
          testId="relay-together"
        />
      )}
      <Switch
        checked={bySystem}
        set={setBySystem}
        label={t('console.relay.bySystem')}
        keyName={contacts.length > 0 ? 'S' : null}
        testId="relay-by-system"
      />
      <OtherNumber
        inputRef={number}
        alone={contacts.length === 0}
        ring={ring}
        close={close}
        mayTransfer={mayTransfer}
      />
    </Stack>
  );
}

type TransferRefusal = 'transferOne' | 'transferForbidden' | 'transferNotNow';

/** Why the caller cannot be left to them unasked; null: she can. */
function transferRefusal({ operations, phase }: CallView, targets: number): TransferRefusal | null {
  if (operations.includes('transfer')) return targets > 1 ? 'transferOne' : null;
  return phase === 'talking' || phase === 'held' ? 'transferForbidden' : 'transferNotNow';
}

/** Leaves the caller to whoever answers there. */
function TransferButton(props: { onClick: () => void; disabled?: boolean }): ReactNode {
  const { t } = useTranslation();
  return (
    <Button
      px="sm"
      variant="default"
      disabled={props.disabled ?? false}
      leftSection={<IconArrowForwardUp size={18} aria-hidden />}
      rightSection={<Keys names={['Shift', 'Enter']} />}
      onClick={props.onClick}
      data-testid="transfer"
    >
      {t('console.relay.transfer')}
    </Button>
  );
}

function Switch(props: {
  checked: boolean;
  set: (on: boolean) => void;
  label: string;
  keyName: string | null;
  testId: string;
}): ReactNode {
  const { checked, set, label, keyName, testId } = props;
  return (
    <Checkbox
      checked={checked}
      onChange={({ currentTarget }) => set(currentTarget.checked)}
      label={
        <>
          {label} {keyName !== null && <Keys names={[keyName]} />}
        </>
      }
      data-testid={testId}
    />
  );
}

function ContactChoice(props: {
  contacts: ReturnType<typeof reachable>;
  about: string | null;
  tellPresence: (contactId: string) => void;
  keys: Record<string, () => void>;
  ring: Ring;
  close: () => void;
  mayTransfer: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const { draft } = useDeskSnapshot();
  const now = useServerNow();
  const { contacts, about, ring, close } = props;
  const addressee = about ?? (draft === null ? '' : valueOf(draft, 'contactId'));
  const first = contacts.findIndex(({ id }) => id === addressee);
  const [index, setIndex] = useState(Math.max(0, first));
  const [marked, setMarked] = useState<string[]>([]);
  const enter = (withShift: boolean): void => {
    const to = chosenIds(contacts, marked, index).map((contactId) => ({ contactId }));
    ring(to, withShift);
  };
  const keys = {
    ...props.keys,
    KeyZ: () => {
      const under = contacts[index];
      if (under !== undefined) props.tellPresence(under.id);
    },
  };
  const mark = (id: string): void =>
    setMarked((before) =>
      before.includes(id) ? before.filter((one) => one !== id) : [...before, id],
    );
  return (
    <>
      <ChoiceList
        label={t('console.relay.choose')}
        choices={contacts}
        index={index}
        marked={marked}
        onIndex={setIndex}
        onMark={mark}
        keys={keys}
        onEnter={enter}
        onLeave={close}
        testId="relay-choices"
      >
        {({ id, name, title, phone, presence }) => (
          <Group justify="space-between" gap="xs" wrap="nowrap">
            <Stack gap={0}>
              <Group gap="xs" style={{ rowGap: 0 }}>
                <Text fw={600}>{name}</Text>
                <PresenceBadge presence={presence} now={now} />
              </Group>
              <Group gap="xs" style={{ rowGap: 0 }}>
                {title !== '' && (
                  <Text size="xs" c="dimmed">
                    {title}
                  </Text>
                )}
                <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                  {phone}
                </Text>
              </Group>
            </Stack>
            {marked.includes(id) && <Badge variant="filled">{marked.indexOf(id) + 1}</Badge>}
          </Group>
        )}
      </ChoiceList>
      <Hints />
      <Group gap="xs">
        <Button
          px="sm"
          leftSection={<IconPhoneOutgoing size={18} aria-hidden />}
          rightSection={<Keys names={['Enter']} />}
          onClick={() => enter(false)}
          data-testid="relay-ring"
        >
          {t('console.relay.ring')}
        </Button>
        <Button px="sm" variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.cancel')}
        </Button>
        {props.mayTransfer && <TransferButton onClick={() => enter(true)} />}
      </Group>
    </>
  );
}

/** A telephone that stands in no list; whether it may be rung is the office's rule. */
function OtherNumber(props: {
  inputRef: RefObject<HTMLInputElement | null>;
  /** There is nobody to choose: the caret is here. */
  alone: boolean;
  ring: Ring;
  close: () => void;
  mayTransfer: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const { inputRef, alone, ring, close } = props;
  const [number, setNumber] = useState('');
  const [name, setName] = useState('');
  const isEmpty = number.trim() === '';
  const enter = (withShift: boolean): void => {
    if (!isEmpty) ring([{ number: number.trim(), name: name.trim() }], withShift);
  };
  const press = (event: React.KeyboardEvent): void => {
    if (!isPlainEnter(event.nativeEvent)) return;
    event.preventDefault();
    enter(event.shiftKey);
  };
  return (
    <Stack gap={6}>
      <Group gap={6} grow align="flex-end" preventGrowOverflow={false}>
        <TextInput
          ref={inputRef}
          label={t('console.relay.otherNumber')}
          value={number}
          maxLength={32}
          inputMode="tel"
          autoComplete="off"
          spellCheck={false}
          autoFocus={alone}
          onChange={({ currentTarget }) => setNumber(currentTarget.value)}
          onKeyDown={press}
          data-testid="relay-number"
        />
        <TextInput
          label={t('console.relay.otherName')}
          value={name}
          maxLength={100}
          autoComplete="off"
          spellCheck={false}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          onKeyDown={press}
          data-testid="relay-number-name"
        />
      </Group>
      {(alone || !isEmpty) && (
        <Group gap="xs">
          <Button
            variant={alone ? 'filled' : 'default'}
            disabled={isEmpty}
            leftSection={<IconPhoneOutgoing size={18} aria-hidden />}
            onClick={() => enter(false)}
            data-testid="relay-ring-number"
          >
            {t('console.relay.toNumber')}
          </Button>
          {props.mayTransfer && <TransferButton disabled={isEmpty} onClick={() => enter(true)} />}
          {alone && (
            <Button variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
              {t('common.cancel')}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}

function Hints(): ReactNode {
  const { t } = useTranslation();
  const hints = [
    { names: ['↑↓'], word: t('console.relay.hint.move') },
    { names: ['Space'], word: t('console.relay.hint.mark') },
    { names: ['Z'], word: t('console.relay.hint.presence') },
    { names: ['N'], word: t('console.relay.hint.number') },
  ];
  return (
    <Group gap="xs" style={{ rowGap: 2 }} visibleFrom="sm">
      {hints.map(({ names, word }) => (
        <Group key={word} gap={4} wrap="nowrap">
          <Keys names={names} />
          <Text size="xs">{word}</Text>
        </Group>
      ))}
    </Group>
  );
}
