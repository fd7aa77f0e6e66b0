import {
  Alert,
  Box,
  Button,
  Center,
  Group,
  Paper,
  SimpleGrid,
  Stack,
  Text,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import {
  IconHistory,
  IconPhone,
  IconPhoneOutgoing,
  IconPhoneRinging,
  IconUserShare,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { formatAgo, formatDuration } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { aboutQuery } from '../shared/session.tsx';
import { useTitle } from '../shared/use-title.ts';
import { CallerNumber, callerText, CertaintyBadge, companyText, LineText } from './CallFacts.tsx';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { earlierText } from './earlier-text.ts';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { KEY_NAMES } from './keys.ts';
import { useDeskKeys } from './use-desk-keys.ts';

/** Before pickup: whose call it is and what to say first. */
export function RingCard(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { called, caller } = props.call;
  const { view } = useDeskSnapshot();
  const { handOver } = props.call;
  const isHandedOver = handOver?.outcome === 'pending' && handOver.to === view?.operatorId;
  const isCallBack = props.call.direction === 'call-back';
  const company = companyText(called, t);
  // Seen in the tab strip while another tab is in front.
  useTitle(`☎ ${company}`);
  return (
    <Center mih="100%" p={{ base: 0, sm: 'md' }}>
      <VisuallyHidden role="alert">
        {t(isCallBack ? 'console.ring.callBackSaid' : 'console.ring.said', {
          company,
          caller: callerText(caller, t),
        })}{' '}
        {!isHandedOver && called.greeting}
      </VisuallyHidden>
      <Paper
        shadow="md"
        maw={1060}
        w="100%"
        component="section"
        aria-label={t('console.ring.incoming')}
        data-testid="ring-card"
      >
        <Stack gap="md" px={{ base: 'md', sm: 'xl' }} py="lg">
          {isCallBack ? <CallBack /> : <Waiting arrivedAt={props.call.arrivedAt} />}
          <Box>
            <Text size="sm" c="dimmed">
              {called.subscriberKana}
            </Text>
            <Title order={1} fz={{ base: '1.75rem', sm: '2.5rem' }} lh={1.25} data-testid="company">
              {company}
            </Title>
          </Box>
          <SimpleGrid cols={{ base: 1, sm: 2 }} verticalSpacing="sm">
            <Fact label={t(isCallBack ? 'console.ring.customer' : 'console.ring.caller')}>
              <CallerNumber caller={caller} size="xl" />
            </Fact>
            <Fact label={t(isCallBack ? 'console.ring.shown' : 'console.ring.line')}>
              <Group gap="sm">
                <LineText called={called} size="lg" />
                <CertaintyBadge called={called} withHow />
              </Group>
            </Fact>
          </SimpleGrid>
          {isHandedOver && <HandedOver call={props.call} />}
          {!isHandedOver && <GreetingBox called={called} preview />}
          <LastCall />
        </Stack>
        <RingActions isCallBack={isCallBack} />
      </Paper>
    </Center>
  );
}

function Waiting({ arrivedAt }: { arrivedAt: number }): ReactNode {
  const { t } = useTranslation();
  const now = useServerNow();
  return (
    <Group justify="space-between">
      <Group gap="xs" c="orange">
        <IconPhoneRinging aria-hidden />
        <Text fw={600}>{t('console.ring.incoming')}</Text>
      </Group>
      <Text>
        {t('console.ring.waited')}{' '}
        <Text span fw={600} size="xl" data-testid="waited">
          {formatDuration(now - arrivedAt)}
        </Text>
      </Text>
    </Group>
  );
}

/** Her own wish: nobody waits on the line. */
function CallBack(): ReactNode {
  const { t } = useTranslation();
  return (
    <Group gap="xs" c="orange">
      <IconPhoneOutgoing aria-hidden />
      <Text fw={600}>{t('callBack.title')}</Text>
    </Group>
  );
}

function Fact(props: { label: string; children: ReactNode }): ReactNode {
  return (
    <Box>
      <Text size="sm" c="dimmed">
        {props.label}
      </Text>
      {props.children}
    </Box>
  );
}

/** A colleague hands it over: her words come before the first ones to the caller. */
function HandedOver({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const { handOver, operatorName } = call;
  if (handOver === null) return null;
  return (
    <Alert icon={<IconUserShare aria-hidden />} data-testid="handed-over">
      <Text>{t('console.handOver.from', { name: operatorName ?? '' })}</Text>
      {handOver.note !== '' && (
        <Text fw={600} size="lg">
          {handOver.note}
        </Text>
      )}
      {/* The caller has been greeted: these are the first words now. */}
      <Text size="lg" mt="xs" lang="ja" data-testid="first-words">
        {t('console.phrase.tookOver', { operator: view?.operatorName ?? '' })}
      </Text>
    </Alert>
  );
}

/** A second call is not to be taken for a first one. */
function LastCall(): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const now = useServerNow();
  const { data: about } = useQuery(aboutQuery);
  const last = view?.earlierCalls[0];
  if (last === undefined) return null;
  const options = { language: currentLanguage(), timeZone: about?.timeZone };
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" data-testid="last-call">
      <IconHistory size={20} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
      <Text lineClamp={2}>
        <Text span c="dimmed">
          {t('console.ring.last', { ago: formatAgo(last.arrivedAt, now, options) })}{' '}
        </Text>
        {earlierText(last, t)}
      </Text>
    </Group>
  );
}

/** In sight however long the words above are. */
function RingActions({ isCallBack }: { isCallBack: boolean }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { view } = useDeskSnapshot();
  const byBrowser = view?.device === 'browser';
  const answer = (): void => desk.attempt(() => desk.answer());
  const decline = (): void => desk.attempt(() => desk.decline());
  useDeskKeys(byBrowser ? { answer, decline } : { decline });
  return (
    <Group className={classes['foot'] ?? ''} gap="sm" px={{ base: 'md', sm: 'xl' }} py="md">
      {byBrowser ? (
        <>
          <Button
            size="xl"
            color="teal"
            autoFocus
            flex={{ base: 1, sm: 'none' }}
            leftSection={<IconPhone aria-hidden />}
            rightSection={<Keys names={KEY_NAMES.answer} />}
            onClick={answer}
            data-testid="answer"
          >
            {t('console.ring.answer')}
          </Button>
          <Button
            size="lg"
            variant="subtle"
            color="gray"
            rightSection={<Keys names={KEY_NAMES.decline} />}
            onClick={decline}
            data-testid="decline"
          >
            {t('console.ring.decline')}
          </Button>
        </>
      ) : (
        <Box>
          <Title order={2} size="h3">
            {t('console.ring.sip')}
          </Title>
          <Text c="dimmed">
            {t(isCallBack ? 'console.ring.callBackHint' : 'console.ring.sipHint')}
          </Text>
        </Box>
      )}
    </Group>
  );
}

/** More than fits in two lines of a small screen. */
const LONG_GREETING = 60;

/** 名乗り with its reading: the first words of every call. */
export function GreetingBox(props: { called: CallView['called']; preview?: boolean }): ReactNode {
  const { t } = useTranslation();
  const { greeting, greetingKana } = props.called;
  return (
    <Box
      className={classes['greeting'] ?? ''}
      px="md"
      py={6}
      component="section"
      aria-label={t('console.call.greeting')}
      lang="ja"
    >
      {greetingKana !== '' && (
        <Text size="sm" c="dimmed" data-testid="greeting-kana">
          {greetingKana}
        </Text>
      )}
      <Text
        className={[
          classes['greetingText'],
          props.preview && classes['greetingPreview'],
          // Read without the form being pushed out of sight.
          greeting.length > LONG_GREETING && classes['greetingLong'],
        ]
          .filter(Boolean)
          .join(' ')}
        data-testid="greeting"
      >
        {greeting}
      </Text>
    </Box>
  );
}
