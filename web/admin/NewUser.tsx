import { Alert, Button, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { userViewSchema } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { PasswordField } from '../shared/PasswordField.tsx';
import { problemText } from '../shared/problem-text.ts';
import { USERS_KEY } from './admin-queries.ts';
import { PlaceFields, placeBody } from './PlaceFields.tsx';
import type { Place } from './PlaceFields.tsx';

type Form = Record<'name' | 'email' | 'password', string> & Place;
const EMPTY: Form = {
  name: '',
  email: '',
  password: '',
  subscriberId: '',
  operatorId: '',
  role: 'operator',
};

function bodyOf(form: Form): object {
  const { name, email, password } = form;
  return { name: name.trim(), email: email.trim(), password, ...placeBody(form) };
}

export function NewUser(props: { opened: boolean; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={t('admin.user.create')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <NewUserForm onDone={props.onClose} />
    </Modal>
  );
}

function NewUserForm({ onDone }: { onDone: () => void }): ReactNode {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const create = useMutation({
    mutationFn: () => request(userViewSchema, 'POST', `${API}/users`, { body: bodyOf(form) }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: USERS_KEY });
      onDone();
    },
  });
  const field = (name: Exclude<keyof Form, keyof Place>): object => ({
    name,
    value: form[name],
    required: true,
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setForm((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {create.error !== null && (
          <Alert color="red" variant="light" role="alert">
            {problemText(create.error, currentLanguage())}
          </Alert>
        )}
        <TextInput {...field('name')} label={t('admin.user.name')} maxLength={100} data-autofocus />
        <TextInput {...field('email')} label={t('admin.user.email')} type="email" />
        <PasswordField
          {...field('password')}
          label={t('admin.user.password')}
          minLength={10}
          maxLength={200}
          autoComplete="new-password"
        />
        <PlaceFields
          place={form}
          userId={null}
          onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        />
        <Button type="submit" loading={create.isPending} data-testid="user-save">
          {t('admin.user.save')}
        </Button>
      </Stack>
    </form>
  );
}
