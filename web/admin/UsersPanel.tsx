import {
  Alert,
  Badge,
  Button,
  Grid,
  Group,
  Modal,
  NativeSelect,
  Paper,
  Stack,
  Text,
} from '@mantine/core';
import { IconBan, IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { z } from 'zod';
import { roleSchema, userViewSchema } from '../../src/contract/index.ts';
import type { Role, updateUserSchema, UserView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { problemText } from '../shared/problem-text.ts';
import { PasswordField } from '../shared/PasswordField.tsx';
import classes from '../shared/rows.module.css';
import { useSession } from '../shared/session.tsx';
import { LoadingState, ProblemState } from '../shared/States.tsx';
import { USERS_KEY, useFloor, useSubscribers, useUsers } from './admin-queries.ts';
import { NewUser } from './NewUser.tsx';

type Change = { user: UserView; change: z.input<typeof updateUserSchema> };

/** Roles an account can take without another place: a member has a subscriber, an operator a seat. */
function rolesFor(user: UserView): Role[] {
  if (user.subscriberId !== null) return ['member'];
  return roleSchema.options.filter(
    (role) => role !== 'member' && (role !== 'operator' || user.operatorId !== null),
  );
}

/** Who may sign in: accounts made, stopped, given another role or password. */
export function UsersPanel(): ReactNode {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const query = useUsers();
  const [isCreating, setCreating] = useState(false);
  const [resetting, setResetting] = useState<UserView | null>(null);
  const update = useMutation({
    mutationFn: ({ user, change }: Change) =>
      request(userViewSchema, 'PATCH', `${API}/users/${encodeURIComponent(user.id)}`, {
        body: change,
      }),
    onSuccess: () => setResetting(null),
    onSettled: () => queryClient.invalidateQueries({ queryKey: USERS_KEY }),
  });
  if (query.isPending) return <LoadingState />;
  if (query.data === undefined) {
    return <ProblemState error={query.error} onRetry={() => void query.refetch()} />;
  }
  const problem = update.error !== null && (
    <Alert color="red" variant="light" role="alert">
      {problemText(update.error, currentLanguage())}
    </Alert>
  );
  return (
    <Stack gap="md" align="stretch">
      <Group>
        <Button
          leftSection={<IconUserPlus size={18} aria-hidden />}
          onClick={() => setCreating(true)}
          data-testid="user-create"
        >
          {t('admin.user.create')}
        </Button>
      </Group>
      {resetting === null && problem}
      <Paper component="ul" m={0} p={0} className={classes['rows'] ?? ''}>
        {query.data.map((user) => (
          <UserRow
            key={user.id}
            user={user}
            busy={update.isPending}
            onChange={(change) => update.mutate({ user, change })}
            onReset={() => {
              update.reset();
              setResetting(user);
            }}
          />
        ))}
      </Paper>
      <NewUser opened={isCreating} onClose={() => setCreating(false)} />
      <Modal
        opened={resetting !== null}
        onClose={() => setResetting(null)}
        title={t('admin.user.resetTitle', { name: resetting?.name ?? '' })}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        {resetting !== null && (
          <ResetForm
            busy={update.isPending}
            onSubmit={(password) => update.mutate({ user: resetting, change: { password } })}
          >
            {problem}
          </ResetForm>
        )}
      </Modal>
    </Stack>
  );
}

type UserRowProps = {
  user: UserView;
  busy: boolean;
  onChange: (change: Change['change']) => void;
  onReset: () => void;
};

function UserRow({ user, busy, onChange, onReset }: UserRowProps): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const floor = useFloor().data;
  const subscribers = useSubscribers().data;
  const isSelf = session.userId === user.id;
  const roles = rolesFor(user);
  const place =
    subscribers?.find(({ id }) => id === user.subscriberId)?.name ??
    floor?.operators.find(({ id }) => id === user.operatorId)?.name ??
    '';
  return (
    <Grid
      component="li"
      px="md"
      py="sm"
      align="center"
      columnGap="md"
      rowGap="xs"
      data-testid="user-row"
      data-email={user.email}
    >
      <Grid.Col span={{ base: 12, md: 4 }}>
        <Group gap="xs">
          <Text fw={600}>{user.name}</Text>
          {isSelf && <Badge>{t('admin.user.you')}</Badge>}
          {user.disabled && (
            <Badge color="gray" leftSection={<IconBan size={15} aria-hidden />}>
              {t('admin.user.disabled')}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {user.email}
        </Text>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 2 }}>
        {isSelf || roles.length < 2 ? (
          <Text size="sm">{t(`role.${user.role}`)}</Text>
        ) : (
          <NativeSelect
            aria-label={t('admin.user.roleOf', { name: user.name })}
            value={user.role}
            disabled={busy}
            onChange={(event) => onChange({ role: roleSchema.parse(event.currentTarget.value) })}
            data={roles.map((role) => ({ value: role, label: t(`role.${role}`) }))}
          />
        )}
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 2 }}>
        <Text size="sm">{place}</Text>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 4 }}>
        <Group gap="xs" justify="flex-end">
          <Button variant="default" onClick={onReset} data-testid="user-reset">
            {t('admin.user.reset')}
          </Button>
          {!isSelf && (
            <Button
              variant="default"
              disabled={busy}
              onClick={() => onChange({ disabled: !user.disabled })}
              data-testid="user-disable"
            >
              {user.disabled ? t('admin.user.enable') : t('admin.user.disable')}
            </Button>
          )}
        </Group>
      </Grid.Col>
    </Grid>
  );
}

function ResetForm(props: {
  busy: boolean;
  onSubmit: (password: string) => void;
  children: ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    props.onSubmit(password);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm">{t('admin.user.resetHint')}</Text>
        {props.children}
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
        <Button type="submit" loading={props.busy} disabled={password.length < 10}>
          {t('admin.user.resetSave')}
        </Button>
      </Stack>
    </form>
  );
}
