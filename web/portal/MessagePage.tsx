import {
  Alert,
  Anchor,
  Button,
  Grid,
  Group,
  Paper,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import {
  IconArrowBackUp,
  IconCheck,
  IconChevronLeft,
  IconCircleCheck,
  IconPhone,
  IconPhoneOutgoing,
} from '@tabler/icons-react';
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { createLink, getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../src/contract/index.ts';
import { CallBackDialog } from '../console/CallBackDialog.tsx';
import type { CallBackWish } from '../console/CallBackDialog.tsx';
import { callBackNumber } from '../shared/call-back-number.ts';
import { formatDateTime } from '../shared/format.ts';
import type { FormatOptions } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { problemText } from '../shared/problem-text.ts';
import { aboutQuery, useSession } from '../shared/session.tsx';
import { LoadingState, ProblemState } from '../shared/States.tsx';
import { useNow } from '../shared/use-now.ts';
import { When } from '../shared/When.tsx';
import { WithNumber } from '../shared/WithNumber.tsx';
import { subjectText } from '../shared/subject-text.ts';
import { DeliveryList } from './DeliveryList.tsx';
import { messageKeys, setHandled, useMessage } from './message-queries.ts';
import { callTypeOf, telHref, wantsOf, withReading } from './message-words.ts';
import { PortalFrame } from './PortalFrame.tsx';
import { RecordingSection } from './RecordingSection.tsx';

const route = getRouteApi('/portal/messages/$id');
const LinkAnchor = createLink(Anchor<'a'>);

/** One message with everything known of it. */
export function MessagePage(): ReactNode {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const query = useMessage(id);
  return (
    <PortalFrame wide>
      <Stack gap="md">
        <LinkAnchor to="/portal" search py={10} my={-10} w="fit-content" data-testid="message-back">
          <Group gap={4} component="span">
            <IconChevronLeft size={18} aria-hidden />
            {t('portal.back')}
          </Group>
        </LinkAnchor>
        {query.data !== undefined ? (
          <MessageDetail message={query.data} />
        ) : query.isPending ? (
          <LoadingState />
        ) : (
          <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Stack>
    </PortalFrame>
  );
}

function MessageDetail({ message }: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const { timeZone } = useSuspenseQuery(aboutQuery).data;
  const now = useNow(20_000);
  const format = { language: currentLanguage(), timeZone };
  const body = message.fields.body?.trim() ?? '';
  return (
    <Stack component="article" gap="md" data-testid="message-detail">
      <Stack gap={4}>
        <Title order={1} size="h3" tabIndex={-1} data-focus-home>
          {subjectText(message, currentLanguage())}
        </Title>
        <Text c="dimmed" size="sm">
          <When at={message.arrivedAt} now={now} format={format} />
        </Text>
      </Stack>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Paper p="md">
              <Text
                style={{ whiteSpace: 'pre-wrap' }}
                c={body === '' ? 'dimmed' : undefined}
                data-testid="message-body"
              >
                {body === '' ? t(`portal.noBody.${message.kind}`) : body}
              </Text>
            </Paper>
            <CallBackButtons message={message} />
            <HandledToggle message={message} format={format} />
            <RecordingSection recording={message.recording} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="md">
            <Facts message={message} format={format} />
            <DeliveryList deliveries={message.deliveries} format={format} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

/** From the pocket telephone itself, or by the system, which shows the company's number. */
function CallBackButtons({ message }: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  const [wish, setWish] = useState<CallBackWish | null>(null);
  const number = callBackNumber(message);
  const href = number === null ? null : telHref(number);
  const { subscriberId } = message;
  if (number === null || href === null) return null;
  return (
    <Stack gap="xs">
      {subscriberId !== null && (
        <Button
          size="lg"
          leftSection={<IconPhoneOutgoing size={20} aria-hidden />}
          onClick={() => setWish({ subscriberId, number })}
          data-testid="message-call-back"
        >
          <span>
            <WithNumber text={t('portal.callBackShown', { number })} number={number} />
          </span>
        </Button>
      )}
      <Button
        component="a"
        href={href}
        size="lg"
        variant="default"
        leftSection={<IconPhone size={20} aria-hidden />}
        data-testid="message-call"
      >
        <span>
          <WithNumber text={t('portal.callBack', { number })} number={number} />
        </span>
      </Button>
      <CallBackDialog wish={wish} close={() => setWish(null)} />
    </Stack>
  );
}

function HandledToggle(props: { message: MessageView; format: FormatOptions }): ReactNode {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { id, handledAt, handledBy } = props.message;
  const toggle = useMutation({
    mutationFn: (handled: boolean) => setHandled(id, handled),
    onSuccess: (message) => {
      queryClient.setQueryData(messageKeys.one(id), message);
      return queryClient.invalidateQueries({ queryKey: messageKeys.lists });
    },
  });
  return (
    <Stack gap="xs">
      {toggle.error !== null && (
        <Alert color="red" variant="light" role="alert">
          {problemText(toggle.error, currentLanguage())}
        </Alert>
      )}
      {handledAt === null ? (
        <Button
          size="lg"
          variant="default"
          loading={toggle.isPending}
          leftSection={<IconCheck size={20} aria-hidden />}
          onClick={() => toggle.mutate(true)}
          data-testid="mark-handled"
        >
          {t('portal.markHandled')}
        </Button>
      ) : (
        <Group justify="space-between" gap="xs" data-testid="handled-note">
          <Group gap="xs" wrap="nowrap" style={{ flex: '1 1 14rem' }}>
            <IconCircleCheck
              size={20}
              color="var(--mantine-color-teal-text)"
              style={{ flexShrink: 0 }}
              aria-hidden
            />
            <Text size="sm">
              {t('portal.handledBy', {
                name: handledBy ?? '',
                time: formatDateTime(handledAt, props.format),
              })}
            </Text>
          </Group>
          <Button
            variant="subtle"
            loading={toggle.isPending}
            leftSection={<IconArrowBackUp size={18} aria-hidden />}
            onClick={() => toggle.mutate(false)}
            data-testid="unmark-handled"
          >
            {t('portal.unmarkHandled')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** Label and value of every field that holds something. */
function useFacts(message: MessageView, format: FormatOptions): [string, string][] {
  const { t } = useTranslation();
  const session = useSession();
  const { fields } = message;
  const callType = callTypeOf(message);
  const wants = wantsOf(message);
  const shown =
    message.callerNumberFormatted ??
    (message.withheld === null ? '' : t(`console.caller.${message.withheld}`));
  const subscriber = session.subscriberId === null ? message.subscriberName : null;
  const rows: [string, string][] = [
    [t('portal.field.arrivedAt'), formatDateTime(message.arrivedAt, format)],
    [t('portal.field.subscriber'), subscriber ?? ''],
    [t('portal.field.contact'), message.contactName ?? ''],
    [t('portal.field.company'), withReading(fields.company, fields.companyKana)],
    [t('portal.field.name'), withReading(fields.name, fields.nameKana)],
    [t('portal.field.phone'), fields.phone ?? ''],
    [t('portal.field.callerNumber'), shown],
    [t('portal.field.callType'), callType === null ? '' : t(`console.callType.${callType}`)],
    [t('portal.field.wants'), wants === null ? '' : t(`portal.wants.${wants}`)],
    [t('portal.field.callbackTime'), fields.callbackTime ?? ''],
    [t('portal.field.urgency'), fields.urgency === 'urgent' ? t('console.urgency.urgent') : ''],
    [t('portal.field.operator'), message.operatorName ?? ''],
    [t('portal.field.receipt'), message.receiptNumber],
  ];
  return rows.filter(([, value]) => value.trim() !== '');
}

function Facts(props: { message: MessageView; format: FormatOptions }): ReactNode {
  const facts = useFacts(props.message, props.format);
  return (
    <Paper style={{ overflow: 'hidden' }}>
      <Table variant="vertical" layout="fixed">
        <Table.Tbody>
          {facts.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th w="7.5rem" scope="row">
                {label}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}
