import { Badge, Box, Group, Text } from '@mantine/core';
import { IconCheck, IconHeadphones, IconPhoneX } from '@tabler/icons-react';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { callBackNumber } from '../shared/call-back-number.ts';
import { DeliveryBadge, worstState } from '../shared/DeliveryBadge.tsx';
import type { FormatOptions } from '../shared/format.ts';
import { When } from '../shared/When.tsx';
import { currentLanguage } from '../shared/i18n.ts';
import { subjectText } from '../shared/subject-text.ts';
import classes from './portal.module.css';

const RowLink = createLink((props: ComponentPropsWithRef<'a'>) => (
  <Box component="a" className={classes['row']} px="md" py="sm" {...props} />
));

type RowProps = { message: MessageView; now: number; format: FormatOptions; withCompany: boolean };

/** One message of the list: who, what about, when, and what became of the report. */
export function MessageRow({ message, now, format, withCompany }: RowProps): ReactNode {
  const { t } = useTranslation();
  const handled = message.handledAt !== null;
  const body = message.fields.body?.trim() ?? '';
  const number =
    callBackNumber(message) ??
    (message.withheld === null ? t('portal.noNumber') : t(`console.caller.${message.withheld}`));
  const company = withCompany ? message.subscriberName : null;
  return (
    <RowLink
      to="/portal/messages/$id"
      params={{ id: message.id }}
      search
      data-testid="message-row"
      data-message-id={message.id}
    >
      <Group gap="xs" wrap="nowrap" align="flex-start">
        {message.kind !== 'taken' && (
          <IconPhoneX
            size={20}
            color="var(--mantine-color-red-text)"
            aria-label={t(`portal.kind.${message.kind}`)}
            style={{ flexShrink: 0, marginTop: 2 }}
          />
        )}
        <Text fw={handled ? 400 : 600} lineClamp={3}>
          {subjectText(message, currentLanguage())}
        </Text>
      </Group>
      {body !== '' && (
        <Text size="sm" lineClamp={2}>
          {body}
        </Text>
      )}
      <Group gap="xs" justify="space-between" mt={4}>
        <Text size="sm" c="dimmed">
          <When at={message.arrivedAt} now={now} format={format} />
          {'　'}
          <Text span inherit style={{ whiteSpace: 'nowrap' }}>
            {number}
          </Text>
          {company !== null && `　${company}`}
        </Text>
        <RowStates message={message} />
      </Group>
    </RowLink>
  );
}

function RowStates({ message }: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const state = worstState(message.deliveries);
  return (
    <Group gap={6}>
      {message.recording !== null && (
        <IconHeadphones size={18} aria-label={t('portal.recording.title')} />
      )}
      {message.handledAt !== null && (
        <Badge color="gray" leftSection={<IconCheck size={15} aria-hidden />}>
          {t('portal.handled')}
        </Badge>
      )}
      {state === null ? (
        <Text size="sm" c="dimmed">
          {t('delivery.none')}
        </Text>
      ) : (
        <DeliveryBadge state={state} />
      )}
    </Group>
  );
}
