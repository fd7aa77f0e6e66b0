import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { DeliveryBadge } from '../shared/DeliveryBadge.tsx';
import { faultText } from '../shared/fault-text.ts';
import { formatTime } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { subjectText } from '../shared/subject-text.ts';
import { Keys } from './CheatBar.tsx';
import { KEY_NAMES } from './keys.ts';

/** What became of the message, live; and the way on. */
export function SentPanel(props: {
  message: MessageView;
  timeZone: string | undefined;
  onFinish: (() => void) | null;
}): ReactNode {
  const { t } = useTranslation();
  const { message, onFinish } = props;
  return (
    <Stack gap="md" p="md" data-testid="sent-panel">
      <Group gap="xs" c="teal" role="status">
        <IconCircleCheck aria-hidden />
        <Title order={2} size="h4" tabIndex={-1} data-focus-home>
          {t('console.sent.title')}
        </Title>
      </Group>
      <Paper p="md">
        <Stack gap="xs">
          <Text fw={600}>{subjectText(message, currentLanguage())}</Text>
          <Text size="sm" c="dimmed">
            {t('console.sent.receipt', { number: message.receiptNumber })}
          </Text>
          {(message.fields.body ?? '') !== '' && (
            <Text style={{ whiteSpace: 'pre-line' }}>{message.fields.body}</Text>
          )}
        </Stack>
      </Paper>
      {message.deliveries.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('console.sent.none')}
        </Text>
      ) : (
        <Deliveries message={message} timeZone={props.timeZone} />
      )}
      {onFinish !== null && (
        <Group>
          <Button
            size="md"
            autoFocus
            rightSection={<Keys names={KEY_NAMES.finish} />}
            onClick={onFinish}
            data-testid="finish"
          >
            {t('console.sent.finish')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Deliveries(props: { message: MessageView; timeZone: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const options = { language: currentLanguage(), timeZone: props.timeZone };
  return (
    <Stack gap="xs" aria-live="polite">
      {props.message.deliveries.map((delivery) => (
        <Group key={delivery.id} gap="sm" wrap="nowrap" align="flex-start">
          <DeliveryBadge state={delivery.state} />
          <Stack gap={0}>
            <Text size="sm">{delivery.destination}</Text>
            {delivery.state === 'retrying' && delivery.nextAttemptAt !== null && (
              <Text size="xs" c="dimmed">
                {t('delivery.nextAttempt', { time: formatTime(delivery.nextAttemptAt, options) })}
              </Text>
            )}
            {delivery.state !== 'accepted' && delivery.lastError !== null && (
              <Text size="xs" c="dimmed">
                {faultText(delivery.lastError, t)}
              </Text>
            )}
          </Stack>
        </Group>
      ))}
    </Stack>
  );
}
