import { Alert, Badge, Button, Grid, Group, Paper, Stack, Text } from '@mantine/core';
import { IconBan, IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { userViewSchema } from '../../src/contract/index.ts';
import type { UserView } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { currentLanguage } from '../shared/i18n.ts';
import { problemText } from '../shared/problem-text.ts';
import classes from '../shared/rows.module.css';
import { sessionQuery, useSession } from '../shared/session.tsx';
import { LoadingState, ProblemState } from '../shared/States.tsx';
import { FLOOR_KEY, USERS_KEY, useFloor, useSubscribers, useUsers } from './admin-queries.ts';
import { NewUser } from './NewUser.tsx';
import { UserDialog } from './UserDialogs.tsx';
import type { UserChange, UserDeed } from './UserDialogs.tsx';

/** Who may sign in: accounts made, changed, stopped, given another password. */
export function UsersPanel(): ReactNode {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const query = useUsers();
  const self = useSession();
  const [isCreating, setCreating] = useState(false);
  const [deed, setDeed] = useState<UserDeed | null>(null);
  const update = useMutation({
    mutationFn: ({ user, change }: { user: UserView; change: UserChange }) =>
      request(userViewSchema, 'PATCH', `${API}/users/${encodeURIComponent(user.id)}`, {
        body: change,
      }),
    onSuccess: () => setDeed(null),
    onSettled: async (user) => {
      // With a desk of her own she has more on every page.
      if (user?.id === self.userId) await queryClient.invalidateQueries(sessionQuery);
      await queryClient.invalidateQueries({ queryKey: USERS_KEY });
      await queryClient.invalidateQueries({ queryKey: FLOOR_KEY });
    },
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
  const begin = (next: UserDeed): void => {
    update.reset();
    setDeed(next);
  };
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
      {deed === null && problem}
      <Paper component="ul" m={0} p={0} className={classes['rows'] ?? ''}>
        {query.data.map((user) => (
          <UserRow
            key={user.id}
            user={user}
            onBegin={(kind) => begin({ kind, user })}
            onEnable={() => update.mutate({ user, change: { disabled: false } })}
          />
        ))}
      </Paper>
      <NewUser opened={isCreating} onClose={() => setCreating(false)} />
      <UserDialog
        deed={deed}
        busy={update.isPending}
        problem={problem}
        onSubmit={(change) => {
          if (deed !== null) update.mutate({ user: deed.user, change });
        }}
        onClose={() => setDeed(null)}
      />
    </Stack>
  );
}

type UserRowProps = {
  user: UserView;
  onBegin: (kind: UserDeed['kind']) => void;
  onEnable: () => void;
};

function UserRow({ user, onBegin, onEnable }: UserRowProps): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const floor = useFloor().data;
  const subscribers = useSubscribers().data;
  const isSelf = session.userId === user.id;
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
      <Grid.Col span={{ base: 12, md: 3 }}>
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
        <Text size="sm">{t(`role.${user.role}`)}</Text>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 2 }}>
        <Text size="sm">{place}</Text>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Group gap="xs" justify="flex-end">
          <Button variant="default" onClick={() => onBegin('edit')} data-testid="user-edit">
            {t('admin.user.edit')}
          </Button>
          <Button variant="default" onClick={() => onBegin('reset')} data-testid="user-reset">
            {t('admin.user.reset')}
          </Button>
          {!isSelf && (
            <Button
              variant="default"
              onClick={user.disabled ? onEnable : () => onBegin('stop')}
              data-testid="user-disable"
            >
              {user.disabled ? t('admin.user.enable') : t('admin.user.stopOpen')}
            </Button>
          )}
        </Group>
      </Grid.Col>
    </Grid>
  );
}
