import { Alert, Button, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { roleSchema, userViewSchema } from '../../src/contract/index.ts';
import type { Role } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { PasswordField } from '../shared/PasswordField.tsx';
import { problemText } from '../shared/problem-text.ts';
import { USERS_KEY, useFloor, useSubscribers } from './admin-queries.ts';

type Form = Record<'name' | 'email' | 'password' | 'subscriberId' | 'operatorId', string> & {
  role: Role;
};
const EMPTY: Form = {
  name: '',
  email: '',
  password: '',
  subscriberId: '',
  operatorId: '',
  role: 'operator',
};

/** A member belongs to a subscriber, an operator has a place on the floor. */
function bodyOf({ subscriberId, operatorId, ...rest }: Form): object {
  const isMember = rest.role === 'member';
  return {
    ...rest,
    name: rest.name.trim(),
    email: rest.email.trim(),
    subscriberId: isMember && subscriberId !== '' ? subscriberId : null,
    operatorId: !isMember && operatorId !== '' ? operatorId : null,
  };
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
  const subscribers = useSubscribers().data ?? [];
  const operators = useFloor().data?.operators ?? [];
  const [form, setForm] = useState(EMPTY);
  const create = useMutation({
    mutationFn: () => request(userViewSchema, 'POST', `${API}/users`, { body: bodyOf(form) }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: USERS_KEY });
      onDone();
    },
  });
  const field = (name: Exclude<keyof Form, 'role'>): object => ({
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
  const isMember = form.role === 'member';
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
        <NativeSelect
          label={t('admin.user.role')}
          value={form.role}
          onChange={(event) => {
            const role = roleSchema.parse(event.currentTarget.value);
            setForm((before) => ({ ...before, role }));
          }}
          data={roleSchema.options.map((role) => ({ value: role, label: t(`role.${role}`) }))}
        />
        {isMember ? (
          <NativeSelect
            {...field('subscriberId')}
            label={t('admin.user.subscriber')}
            data={[
              { value: '', label: t('admin.user.choose') },
              ...subscribers.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        ) : (
          <NativeSelect
            {...field('operatorId')}
            required={form.role === 'operator'}
            label={t('admin.user.place')}
            data={[
              { value: '', label: t('admin.user.noPlace') },
              ...operators.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        )}
        <Button type="submit" loading={create.isPending} data-testid="user-save">
          {t('admin.user.save')}
        </Button>
      </Stack>
    </form>
  );
}
