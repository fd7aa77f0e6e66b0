import { Box, Button, Group, Paper, Text } from '@mantine/core';
import { IconPhoneOutgoing, IconPhoneX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { API, nothing, request } from '../shared/api.ts';
import { DeliveryBadge, worstState } from '../shared/DeliveryBadge.tsx';
import { faultText } from '../shared/fault-text.ts';
import { currentLanguage } from '../shared/i18n.ts';
import classes from '../shared/rows.module.css';
import { When } from '../shared/When.tsx';
import { subjectText } from '../shared/subject-text.ts';
import { Keys } from './CheatBar.tsx';
import { useDesk } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import type { CallBackChoice } from './use-call-back.ts';

type RowOptions = { timeZone: string | undefined; now: number; callBack: CallBackChoice };

/** Messages one under the other, each with its delivery and the way to call back. */
export function MessageRows(props: RowOptions & { messages: MessageView[] }): ReactNode {
  const { messages, ...options } = props;
  return (
    <Paper className={classes['rows'] ?? ''}>
      {messages.map((message) => (
        <MessageRow key={message.id} message={message} {...options} />
      ))}
    </Paper>
  );
}

function MessageRow(props: RowOptions & { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const { message, now, timeZone, callBack } = props;
  const isUnder = callBack.under === message.id;
  const state = worstState(message.deliveries);
  return (
    <Box
      px="md"
      py={8}
      className={classes['chosenRow'] ?? ''}
      data-under={isUnder}
      data-testid={`message-${message.id}`}
    >
      <Group justify="space-between" gap="xs">
        <Box flex="1 1 16rem">
          <Group gap={6} wrap="nowrap" align="flex-start">
            {message.kind !== 'taken' && (
              <IconPhoneX
                size={19}
                color="var(--mantine-color-red-text)"
                aria-label={t(`console.idle.${message.kind}`)}
                style={{ flexShrink: 0, marginTop: 3 }}
              />
            )}
            <Text>{subjectText(message, currentLanguage())}</Text>
          </Group>
          <Text size="sm" c="dimmed">
            <When
              at={message.sentAt}
              now={now}
              format={{ language: currentLanguage(), timeZone }}
            />
            {'　'}
            {message.subscriberName ?? t('console.unknownCompany')}
          </Text>
        </Box>
        <Group gap="sm">
          {state === null ? (
            <Text size="sm" c="dimmed" style={{ flexShrink: 0 }}>
              {t('delivery.none')}
            </Text>
          ) : (
            <DeliveryBadge state={state} />
          )}
          {callBack.may(message) && (
            <Button
              size="sm"
              px="xs"
              variant="default"
              leftSection={<IconPhoneOutgoing size={18} aria-hidden />}
              rightSection={isUnder && <Keys names={KEY_NAMES['call-back']} />}
              onClick={() => callBack.open(message)}
              data-testid={`call-back-${message.id}`}
            >
              {t('callBack.open')}
            </Button>
          )}
        </Group>
      </Group>
      <Failures message={message} />
    </Box>
  );
}

function Failures(props: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const stopped = props.message.deliveries.filter(
    ({ state }) => state === 'failed' || state === 'uncertain',
  );
  return stopped.map(({ id, destination, lastError }) => (
    <Group key={id} justify="space-between" mt={6} gap="xs">
      <Box>
        {destination !== '' && <Text size="sm">{destination}</Text>}
        <Text size="sm" c="dimmed">
          {lastError !== null && faultText(lastError, t)}
        </Text>
      </Box>
      <Button
        variant="default"
        onClick={() =>
          desk.attempt(() => request(nothing, 'POST', `${API}/deliveries/${id}/retry`))
        }
        data-testid={`retry-${id}`}
      >
        {t('console.idle.retry')}
      </Button>
    </Group>
  ));
}
