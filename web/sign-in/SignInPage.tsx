import { Alert, Button, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle, IconKey } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { roleSchema, sessionViewSchema } from '../../src/contract/index.ts';
import type { About } from '../../src/contract/index.ts';
import { request, SESSION_PATH } from '../shared/api.ts';
import { DemoCall } from '../shared/DemoCall.tsx';
import { currentLanguage } from '../shared/i18n.ts';
import { PasswordField } from '../shared/PasswordField.tsx';
import { problemText } from '../shared/problem-text.ts';
import { aboutQuery, homeOf, safeNext, sessionQuery } from '../shared/session.tsx';
import { useFocusInvalid } from '../shared/use-focus-invalid.ts';
import { EntrancePage } from '../shared/EntrancePage.tsx';

type Credentials = { email: string; password: string };
type DemoAccounts = NonNullable<About['demoAccounts']>;
const route = getRouteApi('/sign-in');

export function SignInPage(): ReactNode {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const { data: about } = useQuery(aboutQuery);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const signIn = async (credentials: Credentials): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const body = { ...credentials, email: credentials.email.trim() };
      const session = await request(sessionViewSchema, 'POST', SESSION_PATH, { body });
      queryClient.setQueryData(sessionQuery.queryKey, session);
      await navigate({ href: safeNext(search.next) ?? homeOf(session), replace: true });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <EntrancePage
      title={t('signIn.title')}
      aside={
        about?.demoAccounts && (
          <DemoChoices
            accounts={about.demoAccounts}
            onChoose={(credentials) => void signIn(credentials)}
          />
        )
      }
    >
      <Stack gap="md">
        {search.reason === 'ended' && problem === null && (
          <Alert variant="light" icon={<IconInfoCircle aria-hidden />}>
            {t('signIn.ended')}
          </Alert>
        )}
        {about?.setupNeeded && !about.demo && (
          <Alert color="orange" icon={<IconKey aria-hidden />}>
            {t('signIn.setupNeeded')}
          </Alert>
        )}
        {problem !== null && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} role="alert">
            {problemText(problem, currentLanguage())}
          </Alert>
        )}
        <CredentialsForm busy={busy} onSubmit={(credentials) => void signIn(credentials)} />
      </Stack>
    </EntrancePage>
  );
}

function CredentialsForm(props: {
  busy: boolean;
  onSubmit: (credentials: Credentials) => void;
}): ReactNode {
  const { t } = useTranslation();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState({ isMissing: false });
  const { isMissing: missing } = tried;
  const form = useFocusInvalid(tried);
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const isMissing = email.trim() === '' || password === '';
        setTried({ isMissing });
        if (!isMissing) props.onSubmit({ email, password });
      }}
    >
      <Stack gap="md">
        <TextInput
          label={t('signIn.email')}
          type="email"
          name="email"
          autoComplete="username"
          inputMode="email"
          size="md"
          autoFocus
          value={email}
          error={missing && email.trim() === '' && t('signIn.emailNeeded')}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordField
          label={t('signIn.password')}
          name="password"
          autoComplete="current-password"
          size="md"
          value={password}
          error={missing && password === '' && t('signIn.passwordNeeded')}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={props.busy}>
          {t('signIn.submit')}
        </Button>
      </Stack>
    </form>
  );
}

function DemoChoices(props: {
  accounts: DemoAccounts;
  onChoose: (credentials: Credentials) => void;
}): ReactNode {
  const { t } = useTranslation();
  return (
    <Paper p="lg" component="section" data-testid="demo-accounts">
      <Title order={2} size="h4">
        {t('signIn.demo')}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {t('signIn.demoHint')}
      </Text>
      <Stack gap="xs">
        {props.accounts.map((account) => {
          const role = roleSchema.safeParse(account.role);
          return (
            <Button
              key={account.email}
              variant="default"
              justify="space-between"
              px="sm"
              rightSection={
                <Text size="sm" c="dimmed" span>
                  {role.success ? t(`role.${role.data}`) : account.role}
                </Text>
              }
              onClick={() => props.onChoose({ email: account.email, password: account.password })}
            >
              {account.name}
            </Button>
          );
        })}
        <DemoCall />
      </Stack>
    </Paper>
  );
}
