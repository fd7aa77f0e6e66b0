import type { TrunkView } from '../../contract/index.ts';
import { TRUNK_TROUBLE_WORDS } from '../../subscribers/index.ts';
import type { TrunkStatus } from '../../subscribers/index.ts';

export function presentTrunk(status: TrunkStatus): TrunkView {
  const { trunk, state, since, trouble, sipStatus, carriesCalls } = status;
  return {
    id: trunk.id,
    key: trunk.key,
    name: trunk.name,
    state,
    since,
    trouble: trouble === null ? null : { code: trouble, ...TRUNK_TROUBLE_WORDS[trouble] },
    sipStatus,
    account: trunk.register?.username ?? null,
    addresses: trunk.addresses,
    outbound: trunk.outbound === null ? null : { priority: trunk.outbound.priority, carriesCalls },
  };
}
