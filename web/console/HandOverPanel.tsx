import { Alert, Button, Group, Stack, Text, Textarea, Title } from '@mantine/core';
import { IconUserShare } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { isPlainEnter } from '../shared/ime.ts';
import { Keys } from './CheatBar.tsx';
import { ChoiceList } from './ChoiceList.tsx';
import { colleaguesQuery } from './colleagues.ts';
import type { Colleague } from './colleagues.ts';
import { useDesk, useDeskSnapshot } from './desk-context.ts';

/** 引き継ぎ: to whom, with what words, and what became of it. */
export function HandOverPanel(props: {
  call: CallView;
  open: boolean;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { call, open, close } = props;
  if (!open && call.handOver === null) return null;
  return (
    <Stack
      gap="xs"
      component="section"
      aria-label={t('console.handOver.title')}
      data-testid="hand-over-panel"
    >
      <Title order={2} size="sm">
        {t('console.handOver.title')}
      </Title>
      {call.handOver !== null && <HandOverState handOver={call.handOver} />}
      {open && <HandOverChoice call={call} close={close} />}
    </Stack>
  );
}

function HandOverState(props: { handOver: NonNullable<CallView['handOver']> }): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const { data: colleagues = [] } = useQuery(colleaguesQuery);
  const { from, to, note, outcome } = props.handOver;
  const nameOf = (id: string): string => colleagues.find((one) => one.id === id)?.name ?? '';
  const isMine = to === view?.operatorId;
  // She has the call in another way after all: parked, and picked up by her.
  if (isMine && outcome !== 'pending' && outcome !== 'taken') return null;
  return (
    <Alert
      py="xs"
      color={outcome === 'pending' || outcome === 'taken' ? 'indigo' : 'orange'}
      icon={<IconUserShare aria-hidden />}
      role="status"
      data-testid="hand-over"
      data-outcome={outcome}
    >
      <Text size="sm">
        {isMine
          ? t('console.handOver.from', { name: nameOf(from) })
          : t(`console.handOver.${outcome}`, { name: nameOf(to) })}
      </Text>
      {note !== '' && (
        <Text size="sm" fw={600}>
          {note}
        </Text>
      )}
    </Alert>
  );
}

function HandOverChoice(props: { call: CallView; close: () => void }): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const { data, isPending } = useQuery({ ...colleaguesQuery, staleTime: 0 });
  const free = (data ?? []).filter(
    ({ id, state }) => state === 'available' && id !== view?.operatorId,
  );
  if (isPending) {
    return (
      <Text size="sm" c="dimmed">
        {t('common.loading')}
      </Text>
    );
  }
  if (free.length > 0) return <HandOverForm free={free} {...props} />;
  return (
    <Stack gap="xs">
      <Text size="sm" data-testid="hand-over-nobody">
        {t('console.handOver.nobody')}
      </Text>
      <Group>
        <Button
          variant="default"
          autoFocus
          rightSection={<Keys names={['Esc']} />}
          onClick={props.close}
        >
          {t('common.close')}
        </Button>
      </Group>
    </Stack>
  );
}

const NOTE_LENGTH = 500;

function HandOverForm(props: {
  free: readonly Colleague[];
  call: CallView;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { free, call, close } = props;
  const [index, setIndex] = useState(0);
  const [note, setNote] = useState('');
  const send = (): void => {
    const to = free[index] ?? free[0];
    if (to === undefined) return;
    close();
    desk.attempt(() => desk.operations.handOver(call.id, to.id, note.trim()));
  };
  return (
    <Stack gap="xs">
      <ChoiceList
        label={t('console.handOver.choose')}
        choices={free}
        index={index}
        onIndex={setIndex}
        onEnter={send}
        onLeave={close}
        testId="hand-over-choices"
      >
        {({ name }) => <Text fw={600}>{name}</Text>}
      </ChoiceList>
      <Textarea
        label={t('console.handOver.note')}
        autosize
        minRows={1}
        maxRows={5}
        value={note}
        maxLength={NOTE_LENGTH}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
        onKeyDown={(event) => {
          if (!isPlainEnter(event.nativeEvent) || event.shiftKey) return;
          event.preventDefault();
          send();
        }}
        data-testid="hand-over-note"
      />
      <Group gap="xs">
        <Button
          px="sm"
          leftSection={<IconUserShare size={18} aria-hidden />}
          rightSection={<Keys names={['Enter']} />}
          onClick={send}
          data-testid="hand-over-send"
        >
          {t('console.handOver.send')}
        </Button>
        <Button px="sm" variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}
