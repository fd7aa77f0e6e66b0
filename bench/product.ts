import { availableParallelism, setPriority } from 'node:os';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { applyOffice } from '../test/harness/office.ts';
import { startPlatform } from '../test/harness/platform.ts';
import type { Platform } from '../test/harness/platform.ts';
import { say } from './say.ts';
import { coreTimes, cpuMsOf, familyCpuMsOf, familyMemoryKbOf, memoryKbOf } from './machine.ts';

/** Where everything is, on loopback: product, trunk, the operators' phones. */
export const PLACES = {
  product: { address: '127.0.0.11', port: 5060 },
  caller: { address: '127.0.0.20', port: 5060 },
  operator: { address: '127.0.0.30', port: 5060 },
  callerSoundPort: 30_000,
  operatorSoundPort: 40_000,
  dialed: '0301234567',
} as const;

const PRODUCT_CORE = 0;
const LOAD_CORE = availableParallelism() - 1;
/**
 * What speaks before what only calls: a packet sent late is jitter to the product. Not with real-time priority, behind
 * which the kernel's own work on that core waits, and with it whatever is committed to the disk, for up to 0.98 s.
 */
const LOAD_NICE = { speaking: -20, calling: -15 };

/** This process is the load: it and whatever it starts stay off the product's core. */
export function pinLoad(): void {
  execFileSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
  goBeforeOthers('calling');
}

/** As root it goes before what else is there. */
export function goBeforeOthers(does: keyof typeof LOAD_NICE): void {
  try {
    setPriority(LOAD_NICE[does]);
    writeFileSync('/proc/self/autogroup', String(LOAD_NICE.speaking));
  } catch {
    // Without the right to it the load says itself when it was too slow.
  }
}

let keepsData = false;

/**
 * Data folders stay when their product is stopped. For runs one after the other: ext4 leaves the inode of a file
 * removed in the last five minutes alone, and looks at each of them for every new file (`recently_deleted`).
 */
export function keepData(): void {
  keepsData = true;
}

/** The whole product on one core, with this many phones that answer by themselves. */
export async function startProduct(
  operators: number,
  env: Record<string, string> = {},
): Promise<Product> {
  const platform = await startPlatform({
    bind: PLACES.product.address,
    keepsData,
    prefix: ['taskset', '-c', String(PRODUCT_CORE)],
    env: {
      DENWABAN_SIP_PORT: String(PLACES.product.port),
      DENWABAN_RTP_PORTS: '10000-19999',
      DENWABAN_LOG_LEVEL: 'info',
      ...env,
    },
  });
  const { address, port } = PLACES.operator;
  await applyOffice(platform, {
    addresses: [PLACES.caller.address],
    operators: Array.from({ length: operators }, (_, i) => ({
      id: `operator-${i}`,
      name: `電話 ${i}`,
      device: { kind: 'sip', uri: `sip:operator@${address}:${port}` },
    })),
  });
  return new Product(platform);
}

const PARTS = ['app', 'media', 'postgres', 'keeper'] as const;
export type Part = (typeof PARTS)[number];
export type Usage = {
  seconds: number;
  /** Percent of one core. */
  percent: Record<Part, number>;
  total: number;
  load: number;
  others: number;
  othersOnProductCore: number;
  stolen: number;
};

type Snapshot = {
  atMs: number;
  parts: Record<Part, number>;
  loadMs: number;
  cores: { busyMs: number[]; stolenMs: number };
};

export class Product {
  readonly platform: Platform;
  readonly #database: pg.Pool;
  readonly #pids: Record<Part, number>;

  constructor(platform: Platform) {
    this.platform = platform;
    const { databaseUrl } = JSON.parse(
      readFileSync(join(platform.dataDir, 'run', 'ports.json'), 'utf8'),
    ) as { databaseUrl: string };
    this.#database = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    this.#pids = {
      app: platform.pidOf('app'),
      media: platform.pidOf('media'),
      postgres: platform.pidOf('postgres'),
      keeper: platform.keeperPid,
    };
  }

  get recordingsDir(): string {
    return join(this.platform.dataDir, 'recordings');
  }

  get pids(): Record<Part, number> {
    return this.#pids;
  }

  async rows<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    return (await this.#database.query<Row>(text)).rows;
  }

  /** What the product used while `work` ran, and what disturbed it; `loadMs`: what a load of its own process has used. */
  async measure(work: () => Promise<void>, loadMs = (): number => 0): Promise<Usage> {
    const before = this.#snapshot(loadMs());
    await work();
    return usageBetween(before, this.#snapshot(loadMs()));
  }

  /** What its media process has counted since it was started. */
  async mediaCounters(): Promise<Map<string, number>> {
    const text = await (await fetch(`${this.platform.url}/metrics`)).text();
    const lines = text.matchAll(/^denwaban_media_total\{what="([^"]+)"\} (\d+)$/gm);
    return new Map([...lines].map(([, what = '', count]) => [what, Number(count)]));
  }

  memoryKb(): Record<Part, number> {
    const { app, media, postgres, keeper } = this.#pids;
    return {
      app: memoryKbOf(app),
      media: memoryKbOf(media),
      postgres: familyMemoryKbOf(postgres),
      keeper: memoryKbOf(keeper),
    };
  }

  async stop(): Promise<void> {
    await this.#database.end();
    await this.platform.stop();
    if (keepsData) say(`kept: ${this.platform.dataDir}`);
  }

  #snapshot(otherLoadMs: number): Snapshot {
    const { app, media, postgres, keeper } = this.#pids;
    const usage = process.cpuUsage();
    return {
      atMs: performance.now(),
      parts: {
        app: cpuMsOf(app),
        media: cpuMsOf(media),
        postgres: familyCpuMsOf(postgres),
        keeper: cpuMsOf(keeper),
      },
      loadMs: otherLoadMs + (usage.user + usage.system) / 1000,
      cores: coreTimes(),
    };
  }
}

function usageBetween(before: Snapshot, after: Snapshot): Usage {
  const ms = after.atMs - before.atMs;
  const share = (from: number, to: number): number => (100 * (to - from)) / ms;
  const part = (name: Part): number => share(before.parts[name], after.parts[name]);
  const percent = {
    app: part('app'),
    media: part('media'),
    postgres: part('postgres'),
    keeper: part('keeper'),
  };
  const total = PARTS.reduce((sum, name) => sum + percent[name], 0);
  const load = share(before.loadMs, after.loadMs);
  const busy = after.cores.busyMs.map((value, core) =>
    share(before.cores.busyMs[core] ?? 0, value),
  );
  const allBusy = busy.reduce((sum, value) => sum + value, 0);
  return {
    seconds: ms / 1000,
    percent,
    total,
    load,
    others: Math.max(0, allBusy - total - load),
    othersOnProductCore: Math.max(0, (busy[PRODUCT_CORE] ?? 0) - total),
    stolen: share(before.cores.stolenMs, after.cores.stolenMs),
  };
}
