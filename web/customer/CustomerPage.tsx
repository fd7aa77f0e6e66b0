import {
  Alert,
  Button,
  Checkbox,
  Container,
  NativeSelect,
  Paper,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconPhone, IconPhoneOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { customerNumberSchema } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { formatDuration } from '../shared/format.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { InsecureOrigin, isInsecureOrigin } from '../shared/InsecureOrigin.tsx';
import { problemText } from '../shared/problem-text.ts';
import { EmptyState, LoadingState, ProblemState } from '../shared/States.tsx';
import { useNow } from '../shared/use-now.ts';
import { useCustomerCall } from './use-customer-call.ts';
import type { CustomerCall } from './use-customer-call.ts';

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
    <Container component="main" size="xs" py="xl">
      <Stack gap="md">
        <Title order={1} size="h3">
          {t('customer.title')}
        </Title>
        <Text>{t('customer.lead')}</Text>
        <InsecureOrigin />
        {query.data !== undefined ? (
          <Telephone numbers={query.data.numbers} />
        ) : query.isPending ? (
          <LoadingState />
        ) : (
          <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Stack>
    </Container>
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
        <NativeSelect
          size="md"
          label={t('customer.number')}
          value={chosen}
          disabled={isUp}
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
          disabled={isUp || withheld}
          error={needed && !withheld && t('customer.callerNumberNeeded')}
          onChange={(event) => setOwn(event.currentTarget.value)}
          data-testid="customer-caller"
        />
        <Checkbox
          size="md"
          label={t('customer.withhold')}
          checked={withheld}
          disabled={isUp}
          onChange={(event) => setWithheld(event.currentTarget.checked)}
          data-testid="customer-withheld"
        />
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

function CallPanel({ call }: { call: CustomerCall }): ReactNode {
  const { t } = useTranslation();
  const now = useNow(500);
  const { phase, talkingSince, problem } = call;
  return (
    <>
      {/* A telephone call has no captions. */}
      <audio ref={call.audio} aria-label={t('customer.sound')} data-testid="customer-audio" />
      {problem !== null && (
        <Alert color="red" variant="light" role="alert" data-testid="customer-problem">
          <ProblemWords problem={problem} />
        </Alert>
      )}
      <Paper withBorder p="md" role="status" data-testid="customer-phase" data-phase={phase}>
        {phase === 'idle' ? (
          <Text c="dimmed">{t('customer.microphoneHint')}</Text>
        ) : (
          <Text fw={600}>{t(`customer.phase.${phase}`)}</Text>
        )}
        {phase === 'ended' && <EndWords termination={call.termination} />}
      </Paper>
      {phase === 'talking' && talkingSince !== null && (
        <Text ta="center" size="xl" data-testid="customer-timer">
          {formatDuration(now - talkingSince)}
        </Text>
      )}
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
