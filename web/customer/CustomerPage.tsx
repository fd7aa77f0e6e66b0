import {
  Alert,
  Button,
  Checkbox,
  Group,
  NativeSelect,
  Paper,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconMicrophone,
  IconPhone,
  IconPhoneCalling,
  IconPhoneOff,
  IconPhoneOutgoing,
  IconSpeakerphone,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { customerNumberSchema } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { EntrancePage } from '../shared/EntrancePage.tsx';
import { formatDuration } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { isInsecureOrigin } from '../shared/InsecureOrigin.tsx';
import { problemText } from '../shared/problem-text.ts';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useNow } from '../shared/use-now.ts';
import { useCustomerCall } from './use-customer-call.ts';
import type { CustomerCall, CustomerPhase } from './use-customer-call.ts';

type CustomerNumber = z.infer<typeof customerNumberSchema>;
const numbersSchema = z.object({ numbers: z.array(customerNumberSchema) });

/** A caller's leg in the browser: two tabs are enough to try everything. */
export function CustomerPage(): ReactNode {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ['customer-numbers'],
    queryFn: ({ signal }) => request(numbersSchema, 'GET', `${API}/customer/numbers`, { signal }),
  });
  return (
    <EntrancePage title={t('customer.title')}>
      <Stack gap="md">
        <Text>{t('customer.lead')}</Text>
        {query.data !== undefined ? (
          <Telephone numbers={query.data.numbers} />
        ) : query.isPending ? (
          <LoadingState />
        ) : (
          <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Stack>
    </EntrancePage>
  );
}

function Telephone({ numbers }: { numbers: CustomerNumber[] }): ReactNode {
  const { t } = useTranslation();
  const call = useCustomerCall();
  const [chosen, setChosen] = useState(numbers[0]?.number ?? '');
  const [withheld, setWithheld] = useState(false);
  const [own, setOwn] = useState('090-0123-4567');
  const [needed, setNeeded] = useState(false);
  const isUp = call.phase !== 'idle' && call.phase !== 'ended';
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const missing = !withheld && own.trim() === '';
    setNeeded(missing);
    if (missing) return;
    call.call({ dialedNumber: chosen, callerNumber: withheld ? null : own.trim() });
  };
  if (numbers.length === 0) {
    return (
      <EmptyState icon={<IconPhoneOff size={32} aria-hidden />} title={t('customer.noNumbers')}>
        {t('customer.noNumbersNext')}
      </EmptyState>
    );
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {isUp ? (
          <Called number={numbers.find(({ number }) => number === chosen)} />
        ) : (
          <>
            <NativeSelect
              size="md"
              label={t('customer.number')}
              value={chosen}
              onChange={(event) => setChosen(event.currentTarget.value)}
              data={numbers.map(({ number, formatted, subscriberName }) => ({
                value: number,
                label: `${formatted} ${subscriberName}`,
              }))}
              data-testid="customer-number"
            />
            <TextInput
              size="md"
              type="tel"
              maxLength={32}
              label={t('customer.callerNumber')}
              value={own}
              disabled={withheld}
              error={needed && !withheld && t('customer.callerNumberNeeded')}
              onChange={(event) => setOwn(event.currentTarget.value)}
              data-testid="customer-caller"
            />
            <Checkbox
              size="md"
              label={t('customer.withhold')}
              checked={withheld}
              onChange={(event) => setWithheld(event.currentTarget.checked)}
              data-testid="customer-withheld"
            />
          </>
        )}
        <CallPanel call={call} />
        {/* Two elements by their keys: one that became `submit` inside the click would redial. */}
        {isUp ? (
          <Button
            key="hang-up"
            size="lg"
            color="red"
            leftSection={<IconPhoneOff size={22} aria-hidden />}
            onClick={call.hangUp}
            data-testid="customer-hang-up"
          >
            {t('customer.hangUp')}
          </Button>
        ) : (
          <Button
            key="call"
            type="submit"
            size="lg"
            disabled={isInsecureOrigin()}
            leftSection={<IconPhone size={22} aria-hidden />}
            data-testid="customer-call"
          >
            {call.phase === 'ended' ? t('customer.again') : t('customer.call')}
          </Button>
        )}
      </Stack>
    </form>
  );
}

/** While a call is up: whom it is to, instead of a form that cannot be changed. */
function Called({ number }: { number: CustomerNumber | undefined }): ReactNode {
  if (number === undefined) return null;
  return (
    <Stack gap={0}>
      <Text fw={600} size="lg">
        {number.subscriberName}
      </Text>
      <Text c="dimmed">{number.formatted}</Text>
    </Stack>
  );
}

const PHASE_ICONS = {
  idle: IconMicrophone,
  asking: IconMicrophone,
  placing: IconPhoneOutgoing,
  ringing: IconPhoneCalling,
  talking: IconPhone,
  unattended: IconSpeakerphone,
  ended: IconPhoneOff,
} as const satisfies Record<CustomerPhase, unknown>;

function CallPanel({ call }: { call: CustomerCall }): ReactNode {
  const { t } = useTranslation();
  const now = useNow(500);
  const { phase, talkingSince, problem } = call;
  const Icon = PHASE_ICONS[phase];
  return (
    <>
      {/* A telephone call has no captions. */}
      <audio ref={call.audio} aria-label={t('customer.sound')} data-testid="customer-audio" />
      {problem !== null && (
        <Alert
          color="red"
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          role="alert"
          data-testid="customer-problem"
        >
          <ProblemWords problem={problem} />
        </Alert>
      )}
      <Paper p="md" bg="var(--denwaban-ground)">
        <Group justify="space-between" wrap="nowrap">
          <Group
            gap="sm"
            wrap="nowrap"
            role="status"
            data-testid="customer-phase"
            data-phase={phase}
          >
            <Icon size={24} aria-hidden style={{ flexShrink: 0 }} />
            <div>
              {phase === 'idle' ? (
                <Text>{t('customer.microphoneHint')}</Text>
              ) : (
                <Text fw={600}>{t(`customer.phase.${phase}`)}</Text>
              )}
              {phase === 'ended' && <EndWords termination={call.termination} />}
            </div>
          </Group>
          {phase === 'talking' && talkingSince !== null && (
            <Text size="xl" role="timer" data-testid="customer-timer">
              {formatDuration(now - talkingSince)}
            </Text>
          )}
        </Group>
      </Paper>
      {call.soundBlocked && phase !== 'ended' && (
        <Button variant="default" onClick={call.unblock}>
          {t('customer.soundBlocked')}
        </Button>
      )}
    </>
  );
}

function EndWords({ termination }: Pick<CustomerCall, 'termination'>): ReactNode {
  const { t } = useTranslation();
  if (termination === null) return null;
  const { class: by, reason } = termination;
  if (reason === 'unattended') return <Text size="sm">{t('customer.reason.unattended')}</Text>;
  if (by === 'caller' || by === 'operator') {
    return <Text size="sm">{t(`customer.reason.${by}`)}</Text>;
  }
  return <Text size="sm">{t('customer.reason.other', { reason })}</Text>;
}

function ProblemWords({ problem }: { problem: unknown }): ReactNode {
  const { t } = useTranslation();
  if (problem instanceof DOMException) {
    const { name } = problem;
    if (name === 'NotFoundError') return t('customer.problem.missing');
    if (name === 'NotAllowedError') return t('customer.problem.refused');
    return t('customer.problem.busy');
  }
  return problemText(problem, currentLanguage());
}
