import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconPhoneOutgoing } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import {
  callBackViewSchema,
  callViewSchema,
  notReachedSchema,
  subscriberViewSchema,
} from '../../src/contract/index.ts';
import type { CallView, SubscriberView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { isPlainEnter } from '../shared/ime.ts';
import { problemText } from '../shared/problem-text.ts';
import { LoadingState, ProblemState } from '../shared/States.tsx';
import { WithNumber } from '../shared/WithNumber.tsx';
import { Keys } from './CheatBar.tsx';
import { ChoiceList } from './ChoiceList.tsx';

export type CallBackWish = {
  subscriberId: string;
  /** As it was left or shown; may be changed before ringing. */
  number: string;
};

const OWN_DESK = 'own-desk';
type First = { id: string; name: string; phone: string | null };

/** 折返し電話: who is rung first, then the customer, who sees the subscriber's number. */
export function CallBackDialog(props: {
  wish: CallBackWish | null;
  /** Where the one who asks may take the call at her own desk: told of the call to it. */
  onOwnDesk?: (callId: string) => void;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { wish, onOwnDesk, close } = props;
  return (
    <Modal
      opened={wish !== null}
      onClose={close}
      title={t('callBack.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {wish !== null && <Dialog wish={wish} onOwnDesk={onOwnDesk} close={close} />}
    </Modal>
  );
}

function Dialog(props: {
  wish: CallBackWish;
  onOwnDesk: ((callId: string) => void) | undefined;
  close: () => void;
}): ReactNode {
  const { wish, onOwnDesk, close } = props;
  const query = useQuery({
    queryKey: ['subscriber', wish.subscriberId],
    queryFn: ({ signal }) =>
      request(subscriberViewSchema, 'GET', `${API}/subscribers/${wish.subscriberId}`, { signal }),
  });
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  return <Choice subscriber={query.data} wish={wish} onOwnDesk={onOwnDesk} close={close} />;
}

function Choice(props: {
  subscriber: SubscriberView;
  wish: CallBackWish;
  onOwnDesk: ((callId: string) => void) | undefined;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { subscriber, wish, onOwnDesk, close } = props;
  const [number, setNumber] = useState(wish.number);
  const [index, setIndex] = useState(0);
  const firsts: First[] = [
    ...(onOwnDesk !== undefined
      ? [{ id: OWN_DESK, name: t('callBack.ownDesk'), phone: null }]
      : []),
    ...subscriber.contacts
      .filter(({ phone }) => phone !== null)
      .map(({ id, name, phone }) => ({ id, name, phone })),
  ];
  const first = firsts[index];
  const ring = useMutation({
    mutationFn: (to: First) =>
      request(callBackViewSchema, 'POST', `${API}/subscribers/${subscriber.id}/call-backs`, {
        body: { number: number.trim(), contactId: to.id === OWN_DESK ? null : to.id },
      }),
    // Her own desk shows the call itself.
    onSuccess: ({ callId }, to) => {
      if (to.id !== OWN_DESK) return;
      onOwnDesk?.(callId);
      close();
    },
  });
  const start = (): void => {
    if (first !== undefined && number.trim() !== '' && !ring.isPending) ring.mutate(first);
  };
  if (ring.isSuccess) {
    const { callId } = ring.data;
    return <Ringing callId={callId} name={ring.variables.name} number={number} close={close} />;
  }
  return (
    <Stack gap="sm" data-testid="call-back">
      {ring.error !== null && (
        <Alert color="red" variant="light" role="alert" data-testid="call-back-problem">
          {problemText(ring.error, currentLanguage())}
        </Alert>
      )}
      <TextInput
        label={t('callBack.number')}
        value={number}
        maxLength={32}
        inputMode="tel"
        autoComplete="off"
        onChange={({ currentTarget }) => setNumber(currentTarget.value)}
        onKeyDown={(event) => isPlainEnter(event.nativeEvent) && start()}
        data-testid="call-back-number"
      />
      <ShownNumber subscriber={subscriber} />
      {firsts.length === 0 ? (
        <Text size="sm">{t('callBack.nobody')}</Text>
      ) : (
        <>
          <Text size="sm" fw={600}>
            {t('callBack.first')}
          </Text>
          <ChoiceList
            label={t('callBack.first')}
            choices={firsts}
            index={index}
            onIndex={setIndex}
            onEnter={start}
            onLeave={close}
            testId="call-back-first"
          >
            {({ name, phone }) => (
              <Group justify="space-between" gap="xs">
                <Text fw={600}>{name}</Text>
                <Text size="sm" c="dimmed">
                  {phone}
                </Text>
              </Group>
            )}
          </ChoiceList>
        </>
      )}
      <Group gap="xs" justify="flex-end">
        <Button variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.cancel')}
        </Button>
        <Button
          leftSection={<IconPhoneOutgoing size={18} aria-hidden />}
          rightSection={<Keys names={['Enter']} />}
          disabled={first === undefined || number.trim() === ''}
          loading={ring.isPending}
          onClick={start}
          data-testid="call-back-ring"
        >
          {t('callBack.ring')}
        </Button>
      </Group>
    </Stack>
  );
}

function ShownNumber({ subscriber }: { subscriber: SubscriberView }): ReactNode {
  const { t } = useTranslation();
  const [did] = subscriber.dids;
  if (did === undefined) return null;
  return (
    <Text size="sm" c="dimmed">
      <WithNumber
        text={t('callBack.shown', { number: did.formatted, name: subscriber.name })}
        number={did.formatted}
      />
    </Text>
  );
}

const ASK_AGAIN_MS = 1_500;

/** How the call goes that began with a contact, until it is over or this is closed. */
function Ringing(props: {
  callId: string;
  name: string;
  number: string;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const { callId, name, number, close } = props;
  const { data: call } = useQuery({
    queryKey: ['call', callId],
    queryFn: ({ signal }) => request(callViewSchema, 'GET', `${API}/calls/${callId}`, { signal }),
    refetchInterval: ({ state }) => (state.data?.termination ? false : ASK_AGAIN_MS),
  });
  const who = { name, number };
  const said = call === undefined ? t('callBack.rings', who) : progress(call, t, who);
  return (
    <Stack gap="md" data-testid="call-back-rings">
      <Text role="status">{said}</Text>
      <Group justify="flex-end">
        <Button data-autofocus autoFocus onClick={close}>
          {t('common.close')}
        </Button>
      </Group>
    </Stack>
  );
}

function progress(call: CallView, t: TFunction, who: { name: string; number: string }): string {
  const { phase, termination, answeredAt } = call;
  if (termination === null) {
    if (phase === 'calling-customer') return t('callBack.customer', who);
    return t(phase === 'calling-contact' ? 'callBack.rings' : 'callBack.talking', who);
  }
  const why = notReachedSchema.safeParse(termination.reason).data;
  if (why !== undefined) return t(`callBack.notReached.${why}`);
  return t(answeredAt === null ? 'callBack.givenUp' : 'callBack.over');
}
