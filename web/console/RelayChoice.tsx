import { Badge, Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { IconPhoneOutgoing } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { Keys } from './CheatBar.tsx';
import { ChoiceList } from './ChoiceList.tsx';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import { chosenIds, reachable } from './relay-words.ts';

/** Which contacts are rung, and who tells them of the call. */
export function RelayChoice(props: { call: CallView; close: () => void }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view, draft } = useDeskSnapshot();
  const { call, close } = props;
  const contacts = reachable(view?.contacts ?? []);
  const addressee = draft === null ? '' : valueOf(draft, 'contactId');
  const first = contacts.findIndex(({ id }) => id === addressee);
  const [index, setIndex] = useState(Math.max(0, first));
  const [marked, setMarked] = useState<string[]>([]);
  const [bySystem, setBySystem] = useState(false);
  const mayTransfer = call.operations.includes('transfer');
  const ring = (withShift: boolean): void => {
    const contactIds = chosenIds(contacts, marked, index);
    const [only] = contactIds;
    if (only === undefined) return;
    const announce = bySystem ? 'system' : 'operator';
    close();
    desk.attempt(() =>
      withShift && mayTransfer
        ? desk.operations.transfer(call.id, only)
        : desk.operations.relay(call.id, { contactIds, announce }),
    );
  };
  const mark = (id: string): void =>
    setMarked((before) =>
      before.includes(id) ? before.filter((one) => one !== id) : [...before, id],
    );
  return (
    <Stack gap="xs">
      <ChoiceList
        label={t('console.relay.choose')}
        choices={contacts}
        index={index}
        marked={marked}
        onIndex={setIndex}
        onMark={mark}
        onEnter={ring}
        onLeave={close}
        testId="relay-choices"
      >
        {({ id, name, title, phone }) => (
          <Group justify="space-between" gap="xs" wrap="nowrap">
            <Stack gap={0}>
              <Text fw={600}>{name}</Text>
              <Text size="xs" c="dimmed">
                {[title, phone].filter(Boolean).join('　')}
              </Text>
            </Stack>
            {marked.includes(id) && <Badge variant="filled">{marked.indexOf(id) + 1}</Badge>}
          </Group>
        )}
      </ChoiceList>
      {contacts.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('console.relay.nobody')}
        </Text>
      )}
      <Checkbox
        checked={bySystem}
        onChange={({ currentTarget }) => setBySystem(currentTarget.checked)}
        label={t('console.relay.bySystem')}
        data-testid="relay-by-system"
      />
      <Hints withTransfer={mayTransfer} />
      <Group gap="xs">
        <Button
          leftSection={<IconPhoneOutgoing size={18} aria-hidden />}
          rightSection={<Keys names={['Enter']} />}
          disabled={contacts.length === 0}
          onClick={() => ring(false)}
          data-testid="relay-ring"
        >
          {t('console.relay.ring')}
        </Button>
        <Button variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}

function Hints(props: { withTransfer: boolean }): ReactNode {
  const { t } = useTranslation();
  const hints = [
    { names: ['↑↓'], word: t('console.relay.hint.move') },
    { names: ['Space'], word: t('console.relay.hint.mark') },
    ...(props.withTransfer
      ? [{ names: ['Shift', 'Enter'], word: t('console.relay.hint.transfer') }]
      : []),
  ];
  return (
    <Group gap="xs" visibleFrom="sm">
      {hints.map(({ names, word }) => (
        <Group key={word} gap={4} wrap="nowrap">
          <Keys names={names} />
          <Text size="xs">{word}</Text>
        </Group>
      ))}
    </Group>
  );
}
