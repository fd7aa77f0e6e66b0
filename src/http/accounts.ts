import type { CallQueries } from '../calls/index.ts';
import type { ApplyResult, CenterSpec } from '../contract/index.ts';
import type { NewUser, People, User } from '../people/index.ts';
import type { Directory } from '../subscribers/index.ts';

export type AccountDeps = {
  people: Pick<People, 'createUser' | 'updateUser' | 'userByEmail'>;
  calls: Pick<CallQueries, 'operators'>;
  directory: Pick<Directory, 'subscribers'>;
};

type Wanted = Omit<NewUser, 'password'> & { initialPassword: string | undefined };

/**
 * The accounts an applied file names: members of subscribers, and operators with an e-mail
 * address. An account that exists keeps its password; its name, role and place follow the file,
 * but no file takes an administrator's rights away.
 */
export async function applyAccounts(
  spec: CenterSpec,
  result: ApplyResult,
  deps: AccountDeps,
): Promise<ApplyResult> {
  const after = structuredClone(result);
  for (const wanted of await wantedAccounts(spec, deps)) {
    const known = await deps.people.userByEmail(wanted.email);
    if (known === null) await create(wanted, after, deps);
    else await change(known, wanted, { after, deps });
  }
  return after;
}

async function wantedAccounts(spec: CenterSpec, deps: AccountDeps): Promise<Wanted[]> {
  const subscribers = new Map(deps.directory.subscribers().map(({ key, id }) => [key, id]));
  const operators = new Map((await deps.calls.operators()).map(({ key, id }) => [key, id]));
  const members = spec.subscribers.flatMap(({ id, members: list }) =>
    list.map(({ name, email, initialPassword }): Wanted => {
      const subscriberId = subscribers.get(id) ?? null;
      return { name, email, initialPassword, role: 'member', subscriberId, operatorId: null };
    }),
  );
  const staff = spec.operators.flatMap(({ id, name, email, role, initialPassword }): Wanted[] => {
    if (email === undefined) return [];
    const operatorId = operators.get(id) ?? null;
    return [{ name, email, initialPassword, role, subscriberId: null, operatorId }];
  });
  return [...members, ...staff];
}

async function create(wanted: Wanted, after: ApplyResult, deps: AccountDeps): Promise<void> {
  const { initialPassword: password, ...user } = wanted;
  if (password === undefined) {
    after.warnings.push(
      `${user.email} has no account yet: give an initialPassword, or make the account with ` +
        '"denwaban user create"',
    );
    return;
  }
  await deps.people.createUser({ ...user, password });
  after.created.push(`account ${user.email}`);
}

async function change(
  known: User,
  wanted: Wanted,
  { after, deps }: { after: ApplyResult; deps: AccountDeps },
): Promise<void> {
  const { name, subscriberId, operatorId } = wanted;
  const role = known.role === 'administrator' ? known.role : wanted.role;
  const same =
    known.name === name &&
    known.role === role &&
    known.subscriberId === subscriberId &&
    known.operatorId === operatorId;
  if (same) {
    after.unchanged++;
    return;
  }
  await deps.people.updateUser(known.id, { name, role, subscriberId, operatorId });
  after.changed.push(`account ${wanted.email}`);
}
