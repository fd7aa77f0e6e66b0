import type { Clock, Logger, Random } from './base/index.ts';
import { TrunkCalls, TrunkService, systemNames } from './engine/index.ts';
import type { OutboundCalls, SipService } from './engine/index.ts';
import type { MetricFamily, Readiness } from './http/index.ts';
import { locateServer } from './sip/index.ts';
import type { Storage } from './storage/index.ts';
import { TRUNK_TROUBLE_WORDS } from './subscribers/index.ts';
import type { TrunkStatus } from './subscribers/index.ts';
import { numberPlan } from './app-number-plan.ts';

export type TrunkOptions = {
  clock: Clock;
  random: Random;
  log: Logger;
  storage: Pick<Storage, 'directory' | 'trunkSecrets' | 'outbound'>;
  sip: SipService;
  onChange: (status: TrunkStatus) => void;
};

/** The declared trunks at work, and the calls that leave over them. */
export function buildTrunks(options: TrunkOptions): {
  trunks: TrunkService;
  outbound: OutboundCalls;
} {
  const { clock, random, log, storage, sip, onChange } = options;
  const { directory, trunkSecrets: secrets, outbound: ledger } = storage;
  const lookup = systemNames(clock);
  const trunks = new TrunkService({
    clock,
    random,
    log,
    agent: sip.agent,
    directory,
    secrets,
    locate: (uri) => locateServer(uri, { lookup, random, protocols: ['UDP', 'TCP'] }),
    onChange,
  });
  const outbound = new TrunkCalls({ clock, log, directory, plan: numberPlan, trunks, ledger });
  return { trunks, outbound };
}

/** Ready while one trunk is left that is not known to be down; the others are named. */
export function trunkReadiness(statuses: readonly TrunkStatus[]): Readiness[string] {
  const down = statuses.filter(({ trouble }) => trouble !== null);
  const words = down.map(({ trunk, state, since, trouble }) => {
    const why = trouble === null ? '' : TRUNK_TROUBLE_WORDS[trouble].en;
    return `${trunk.key} ${state} since ${new Date(since).toISOString()}: ${why}`;
  });
  return {
    ready: statuses.length === 0 || down.length < statuses.length,
    detail: [`${statuses.length - down.length} of ${statuses.length} trunks`, ...words].join('; '),
  };
}

export function trunkMetrics(statuses: readonly TrunkStatus[]): MetricFamily[] {
  return [
    {
      name: 'denwaban_trunk_up',
      help: '1 unless the trunk is known to refuse us or to be unreachable.',
      type: 'gauge',
      samples: statuses.map(({ trunk, trouble }) => {
        return { labels: { trunk: trunk.key }, value: trouble === null ? 1 : 0 };
      }),
    },
  ];
}
