import { Button, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { z } from 'zod';
import type { FloorView, updateUserSchema, UserView } from '../../src/contract/index.ts';
import { PasswordField } from '../shared/PasswordField.tsx';
import { useSession } from '../shared/session.tsx';
import { useFloor } from './admin-queries.ts';
import { placeBody, PlaceFields } from './PlaceFields.tsx';

export type UserChange = z.input<typeof updateUserSchema>;
/** What is being done to whom. */
export type UserDeed = { kind: 'edit' | 'reset' | 'stop'; user: UserView };

type FormProps = {
  user: UserView;
  busy: boolean;
  onSubmit: (change: UserChange) => void;
  onClose: () => void;
  /** Why the last try was refused. */
  problem: ReactNode;
};

const TITLES = {
  edit: 'admin.user.editTitle',
  reset: 'admin.user.resetTitle',
  stop: 'admin.user.stopTitle',
} as const;
const FORMS = { edit: EditForm, reset: ResetForm, stop: StopForm };

/** The dialog of a deed; closed, the focus is back on the button that opened it. */
export function UserDialog(props: Omit<FormProps, 'user'> & { deed: UserDeed | null }): ReactNode {
  const { t } = useTranslation();
  const { deed, ...rest } = props;
  const Form = deed === null ? null : FORMS[deed.kind];
  return (
    <Modal
      opened={deed !== null}
      onClose={props.onClose}
      title={deed === null ? null : t(TITLES[deed.kind], { name: deed.user.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {deed !== null && Form !== null && <Form {...rest} user={deed.user} />}
    </Modal>
  );
}

/** Name, role and place of an account that exists. */
function EditForm({ user, busy, onSubmit, problem }: FormProps): ReactNode {
  const { t } = useTranslation();
  const isSelf = useSession().userId === user.id;
  const [name, setName] = useState(user.name);
  const [place, setPlace] = useState({
    role: user.role,
    subscriberId: user.subscriberId ?? '',
    operatorId: user.operatorId ?? '',
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onSubmit({ name: name.trim(), ...placeBody(place) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {problem}
        <TextInput
          name="name"
          label={t('admin.user.name')}
          value={name}
          required
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <PlaceFields
          place={place}
          userId={user.id}
          fixedRole={isSelf}
          mayLackDesk={user.disabled}
          onChange={(change) => setPlace((before) => ({ ...before, ...change }))}
        />
        {place.role !== user.role && <Text size="sm">{t('admin.user.roleHint')}</Text>}
        <Button type="submit" loading={busy} data-testid="user-change">
          {t('admin.user.resetSave')}
        </Button>
      </Stack>
    </form>
  );
}

function ResetForm({ busy, onSubmit, problem }: FormProps): ReactNode {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onSubmit({ password });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm">{t('admin.user.resetHint')}</Text>
        {problem}
        <PasswordField
          label={t('admin.user.password')}
          value={password}
          required
          minLength={10}
          maxLength={200}
          autoComplete="new-password"
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-autofocus
          data-testid="user-password"
        />
        <Button type="submit" loading={busy} disabled={password.length < 10}>
          {t('admin.user.resetSave')}
        </Button>
      </Stack>
    </form>
  );
}

/** Asked before an account is stopped: who it is, and what becomes of what she does now. */
function StopForm({ user, busy, onSubmit, onClose, problem }: FormProps): ReactNode {
  const { t } = useTranslation();
  const floor = useFloor().data;
  return (
    <Stack gap="md" data-testid="user-stopping">
      <div>
        <Text fw={600}>{user.name}</Text>
        <Text size="sm" c="dimmed">
          {user.email}
        </Text>
      </div>
      <List spacing={6}>
        {meaningOf(user, floor).map((key) => (
          <List.Item key={key}>{t(`admin.user.stopping.${key}`)}</List.Item>
        ))}
      </List>
      {problem}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t('admin.user.stopNot')}
        </Button>
        <Button
          color="red"
          loading={busy}
          onClick={() => onSubmit({ disabled: true })}
          data-testid="user-stop"
        >
          {t('admin.user.disable')}
        </Button>
      </Group>
    </Stack>
  );
}

type Meaning = 'signedOut' | 'desk' | 'call' | 'phoneCall' | 'kept';

function meaningOf({ operatorId }: UserView, floor: FloorView | undefined): Meaning[] {
  const desk = floor?.operators.find(({ id }) => id === operatorId);
  if (desk === undefined) return ['signedOut', 'kept'];
  const inCall = desk.state === 'busy' && desk.callId !== null && desk.watches === null;
  const call: Meaning[] = inCall ? [desk.device === 'browser' ? 'call' : 'phoneCall'] : [];
  return ['signedOut', 'desk', ...call, 'kept'];
}
