import { Alert, Button, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionViewSchema } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { PasswordField } from '../shared/PasswordField.tsx';
import { problemText } from '../shared/problem-text.ts';
import { homeOf, sessionQuery } from '../shared/session.tsx';
import { useFocusInvalid } from '../shared/use-focus-invalid.ts';
import { EntrancePage } from '../shared/EntrancePage.tsx';

type Form = Record<'name' | 'email' | 'password' | 'repeat', string>;
type FormIssues = Partial<
  Record<keyof Form, 'nameNeeded' | 'emailNeeded' | 'tooShort' | 'mismatch'>
>;
const EMPTY: Form = { name: '', email: '', password: '', repeat: '' };
const route = getRouteApi('/setup');

function issuesOf(form: Form): FormIssues {
  return {
    ...(form.name.trim() === '' && { name: 'nameNeeded' }),
    ...(!/^\S+@\S+\.\S+$/.test(form.email.trim()) && { email: 'emailNeeded' }),
    ...(form.password.length < 10 && { password: 'tooShort' }),
    ...(form.password !== form.repeat && { repeat: 'mismatch' }),
  };
}

/** The one-time link of the first administrator. */
export function SetupPage(): ReactNode {
  const { t } = useTranslation();
  const { token } = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const [issues, setIssues] = useState<FormIssues>({});
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const formRef = useFocusInvalid(issues);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const found = issuesOf(form);
    setIssues(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    setProblem(null);
    try {
      const body = {
        token,
        name: form.name.trim(),
        email: form.email.trim(),
        password: form.password,
      };
      const session = await request(sessionViewSchema, 'POST', `${API}/setup`, { body });
      queryClient.setQueryData(sessionQuery.queryKey, session);
      queryClient.removeQueries({ queryKey: ['about'] });
      await navigate({ href: homeOf(session), replace: true });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const field = (name: keyof Form): object => ({
    name,
    label: t(`setup.${name}`),
    size: 'md',
    value: form[name],
    error: issues[name] && t(`setup.${issues[name]}`),
    onChange: (event: { currentTarget: HTMLInputElement }) => {
      const { value } = event.currentTarget;
      setForm((before) => ({ ...before, [name]: value }));
    },
  });

  if (token === undefined) {
    return (
      <EntrancePage title={t('setup.title')}>
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} role="alert">
          {t('setup.noToken')}
        </Alert>
      </EntrancePage>
    );
  }
  return (
    <EntrancePage title={t('setup.title')}>
      <form ref={formRef} noValidate onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          <Text size="sm">{t('setup.lead')}</Text>
          {problem !== null && (
            <Alert
              color="red"
              variant="light"
              icon={<IconAlertTriangle aria-hidden />}
              role="alert"
            >
              {problemText(problem, currentLanguage())}
            </Alert>
          )}
          <TextInput {...field('name')} autoComplete="name" autoFocus />
          <TextInput {...field('email')} type="email" autoComplete="username" />
          <PasswordField
            {...field('password')}
            description={t('setup.passwordHint')}
            autoComplete="new-password"
          />
          <PasswordField {...field('repeat')} autoComplete="new-password" />
          <Button type="submit" size="md" loading={busy}>
            {t('setup.submit')}
          </Button>
        </Stack>
      </form>
    </EntrancePage>
  );
}
