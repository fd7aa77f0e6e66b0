import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { callTypeSchema } from '../../src/contract/index.ts';
import type { CallView } from '../../src/contract/index.ts';
import { aboutQuery } from '../shared/session.tsx';
import { CallGuide } from './CallGuide.tsx';
import { CallHeader } from './CallHeader.tsx';
import { isInWrapUp } from './call-phases.ts';
import { CallSide } from './CallSide.tsx';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { useMessageOfCall } from './desk-messages.ts';
import { valueOf } from './draft-keeper.ts';
import type { KeptDraft } from './draft-keeper.ts';
import { KEY_NAMES } from './keys.ts';
import { MessageForm, useFirstField } from './MessageForm.tsx';
import { SentPanel } from './SentPanel.tsx';
import { SidePanels } from './SidePanels.tsx';
import { useCallActions } from './use-call-actions.ts';
import { useDeskKeys } from './use-desk-keys.ts';
import { useSending } from './use-sending.ts';
import { useSidePanel } from './use-side-panel.ts';

/** From the answer to the end of wrap-up. */
export function CallScreen(props: { call: CallView }): ReactNode {
  const { call } = props;
  const desk = useDesk();
  const { draft } = useDeskSnapshot();
  const { data: about } = useQuery(aboutQuery);
  const message = useMessageOfCall(call.id);
  const firstField = useFirstField(call.id);
  const { issues, sending, send } = useSending(call.id);
  const [asking, ask] = useDisclosure(false);
  const inWrapUp = isInWrapUp(call);
  const panel = useSidePanel(call);
  const side = useRef<HTMLDivElement>(null);
  const actions = useCallActions(call, panel.open);
  const isSent = message !== null || (draft?.sentMessageId ?? null) !== null;
  const finish = (): void => desk.attempt(() => desk.finishWrapUp());
  const finishOrAsk = (): void => (hasUnsent(draft, isSent) ? ask.open() : finish());
  useFormKeys({ call, open: !isSent, send, finish: inWrapUp ? finishOrAsk : null, firstField });
  useDeskKeys({
    ...Object.fromEntries(actions.map(({ key, run }) => [key, run])),
    ...(call.called.subscriberId !== null && { presence: () => panel.open('presence') }),
  });
  // Whom she talks to now, and what to say, is on top, however far down the list she chose.
  useEffect(() => {
    if (side.current !== null) side.current.scrollTop = 0;
  }, [panel.opened, call.phase]);
  return (
    <div className={classes['call']} data-testid="call-screen" data-call-id={call.id}>
      <div className={classes['callHead']}>
        <CallHeader call={call} timeZone={about?.timeZone} actions={actions} />
      </div>
      <div className={classes['columns']}>
        <div className={classes['column']}>
          <CallGuide call={call} closed={isSent} />
        </div>
        <main className={classes['sheet']}>
          {message === null ? (
            <MessageForm
              call={call}
              issues={issues}
              sending={sending}
              onSend={send}
              firstField={firstField}
              finish={inWrapUp && <FinishButton onFinish={finishOrAsk} />}
            />
          ) : (
            <SentPanel
              message={message}
              timeZone={about?.timeZone}
              onFinish={inWrapUp ? finish : null}
            />
          )}
        </main>
        <div ref={side} className={panel.isFirst ? classes['columnFirst'] : classes['column']}>
          {panel.isShown && <SidePanels call={call} panel={panel} />}
          <CallSide
            call={call}
            closed={isSent}
            timeZone={about?.timeZone}
            tellPresence={() => panel.open('presence')}
          />
        </div>
      </div>
      <UnsentDialog opened={asking} onBack={ask.close} onLeave={finish} />
    </div>
  );
}

/** Sales calls and wrong numbers end without a message; anything else written is asked about. */
function hasUnsent(draft: KeptDraft | null, isSent: boolean): boolean {
  if (draft === null || isSent) return false;
  if (['sales', 'wrong-number'].includes(valueOf(draft, 'callType'))) return false;
  return (['company', 'name', 'body', 'wants'] as const).some((f) => valueOf(draft, f) !== '');
}

function useFormKeys(options: {
  call: CallView;
  open: boolean;
  send: () => void;
  finish: (() => void) | null;
  firstField: React.RefObject<HTMLInputElement | null>;
}): void {
  const desk = useDesk();
  const { call, open, finish, firstField } = options;
  const value = (field: Parameters<typeof valueOf>[1]): string => {
    const { draft } = desk.getSnapshot();
    return draft === null ? '' : valueOf(draft, field);
  };
  const toggle = (field: 'wants' | 'urgency', on: string, off: string): void =>
    desk.type(field, value(field) === on ? off : on);
  useDeskKeys({
    ...(call.operations.includes('hang-up') && {
      'hang-up': () => desk.attempt(() => desk.hangUp()),
    }),
    ...(call.operations.includes('retrieve') && {
      'hang-up': () => desk.refuseHangUp(call.id),
    }),
    ...(finish !== null && { finish }),
    ...(open && {
      send: options.send,
      ...(call.phase !== 'consulting' && {
        'call-type': ({ index }: { index: number }) =>
          desk.type('callType', callTypeSchema.options[index] ?? ''),
      }),
      urgency: () => toggle('urgency', 'urgent', 'normal'),
      callback: () => toggle('wants', 'callback', 'message'),
      'caller-number': () => desk.type('phone', call.caller.numberFormatted ?? value('phone')),
      'first-field': () => firstField.current?.focus(),
    }),
  });
}

function FinishButton(props: { onFinish: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <Button
      variant="default"
      rightSection={<Keys names={KEY_NAMES.finish} />}
      onClick={props.onFinish}
      data-testid="finish"
    >
      {t('console.sent.finish')}
    </Button>
  );
}

function UnsentDialog(props: {
  opened: boolean;
  onBack: () => void;
  onLeave: () => void;
}): ReactNode {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened}
      onClose={props.onBack}
      title={t('console.sent.unsentTitle')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack gap="md">
        <Text>{t('console.sent.unsent')}</Text>
        <Group justify="flex-end">
          <Button variant="default" color="red" onClick={props.onLeave} data-testid="finish-unsent">
            {t('console.sent.leave')}
          </Button>
          <Button data-autofocus onClick={props.onBack}>
            {t('console.sent.back')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
