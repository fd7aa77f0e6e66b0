import type { OperatorId, SubscriberId } from './base/index.ts';
import type { Center } from './http/index.ts';
import type { NewUser, People } from './people/index.ts';
import type { Storage } from './storage/index.ts';

type Account = Omit<NewUser, 'password'> & { password: string | undefined };
type Spec = Parameters<Center['apply']>[0];

/** `apply` as a whole: the office by storage, then the accounts of its people. */
export function createCenter(options: {
  storage: Storage;
  people: People;
  onApplied: () => void;
}): Center {
  const { storage, people, onApplied } = options;
  return {
    export: () => storage.center.export(),
    async apply(spec) {
      const outcome = await storage.center.apply(spec);
      if (!outcome.ok) return outcome;
      const { result } = outcome;
      for (const account of await accountsOf(storage, spec)) {
        const said = await ensureAccount(people, account);
        if (said.created) result.created.push(`account ${account.email}`);
        if (said.warning !== null) result.warnings.push(said.warning);
      }
      onApplied();
      return { ok: true, result };
    },
  };
}

async function accountsOf(storage: Storage, spec: Spec): Promise<Account[]> {
  const operators = new Map<string, OperatorId>(
    (await storage.callQueries.operators()).map(({ key, id }) => [key, id]),
  );
  const subscribers = new Map<string, SubscriberId>(
    storage.directory.subscribers().map(({ key, id }) => [key, id]),
  );
  const accounts: Account[] = [];
  for (const { id, email, name, initialPassword: password, role } of spec.operators) {
    if (email === undefined) continue;
    const operatorId = operators.get(id) ?? null;
    accounts.push({ email, name, password, role, subscriberId: null, operatorId });
  }
  for (const { id, members } of spec.subscribers) {
    const subscriberId = subscribers.get(id) ?? null;
    for (const { email, name, initialPassword: password } of members) {
      accounts.push({ email, name, password, role: 'member', subscriberId, operatorId: null });
    }
  }
  return accounts;
}

async function ensureAccount(
  people: People,
  account: Account,
): Promise<{ created: boolean; warning: string | null }> {
  const known = await people.userByEmail(account.email);
  const { password, ...wanted } = account;
  if (known !== null) {
    const { role, subscriberId, operatorId } = wanted;
    const isSame =
      known.role === role && known.subscriberId === subscriberId && known.operatorId === operatorId;
    // Applying a file never takes an administrator's rights away.
    if (!isSame && known.role !== 'administrator') {
      await people.updateUser(known.id, { role, subscriberId, operatorId });
    }
    return { created: false, warning: null };
  }
  if (password === undefined) {
    const advice = 'give an initialPassword, or run "denwaban user create"';
    return { created: false, warning: `${wanted.email} has no account yet: ${advice}` };
  }
  await people.createUser({ ...wanted, password });
  return { created: true, warning: null };
}
