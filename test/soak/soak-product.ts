import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { applyOffice } from '../harness/office.ts';
import { startPlatform } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import type { SoakPhones } from './soak-phones.ts';

/** The contact who is in the office's list: the last digits of his number. */
export const LISTED_CONTACT = '9999';

export type Part = 'app' | 'media' | 'postgres' | 'keeper';

/** The whole product as `npm start` runs it, with an office whose operators have the soak's phones. */
export class SoakProduct {
  readonly platform: Platform;
  readonly supervisor: string;
  readonly contactId: string;
  readonly subscriberId: string;
  readonly #database: pg.Pool;

  private constructor(
    platform: Platform,
    facts: Record<'supervisor' | 'contact' | 'subscriber', string>,
  ) {
    this.platform = platform;
    this.supervisor = facts.supervisor;
    this.contactId = facts.contact;
    this.subscriberId = facts.subscriber;
    this.#database = poolOf(platform);
  }

  static async start(phones: SoakPhones, operators: number): Promise<SoakProduct> {
    const platform = await startPlatform({ env: { DENWABAN_LOG_LEVEL: 'info' } });
    await applyOffice(platform, {
      operators: [
        ...Array.from({ length: operators }, (_, i) => ({
          id: `operator-${i}`,
          name: `電話 ${i}`,
          device: { kind: 'sip', uri: phones.operatorUri(i) },
        })),
        {
          id: 'boss',
          name: '主任',
          email: 'boss@example.jp',
          initialPassword: 'correct-horse-battery',
        },
      ],
      contactPhone: `090-0124-${LISTED_CONTACT}`,
      outbound: { host: '127.0.0.1', port: phones.contactsPort },
      settings: {
        ringNoAnswerSeconds: 120,
        maxWaitSeconds: 300,
        outbound: {
          callsPerHour: 100_000,
          callsPerHourOfSubscriber: 100_000,
          callsAtOnce: 1_000,
          callsAtOnceOfSubscriber: 1_000,
        },
      },
    });
    const pool = poolOf(platform);
    const one = async (text: string): Promise<string> =>
      (await pool.query<{ id: string }>(text)).rows[0]?.id ?? '';
    const facts = {
      supervisor: await one(`select id from operator where key = 'boss'`),
      contact: await one(`select id from contact where key = 'yamada'`),
      subscriber: await one(`select id from subscriber where key = 'sakura'`),
    };
    await pool.end();
    return new SoakProduct(platform, facts);
  }

  /** What the database says; asked again while it is away. */
  async rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    for (let tries = 0; ; tries++) {
      try {
        return (await this.#database.query<Row>(text, values)).rows;
      } catch (error) {
        if (tries === 200) throw error;
        await sleep(100);
      }
    }
  }

  /**
   * A wish by REST, said again while nobody takes it; what is refused is refused. `isDone`: whether one
   * whose answer was lost has been heard all the same, as a person would look before she says it again.
   */
  async wish(
    method: string,
    path: string,
    body?: unknown,
    how: { by?: string; isDone?: () => Promise<boolean> } = {},
  ): Promise<number> {
    const until = performance.now() + 8_000;
    for (;;) {
      try {
        const { status } = await this.platform.apiOnce(method, path, body, how.by);
        if (status !== 503 || performance.now() > until) return status;
      } catch (error) {
        if (performance.now() > until) throw error;
      }
      await sleep(150);
      // Also after a refusal: the answer that was lost may be the one before it.
      if (await how.isDone?.()) return 204;
    }
  }

  async metric(name: string, what?: string): Promise<number> {
    const { body } = await this.platform.api<string>('GET', '/metrics');
    const label = what === undefined ? '' : `\\{what="${what}"\\}`;
    return Number(new RegExp(`^${name}${label} (\\S+)`, 'm').exec(body)?.[1] ?? NaN);
  }

  /** Undefined while the keeper is about to start another. */
  pidOf(part: Part): number | undefined {
    try {
      return part === 'keeper' ? this.platform.keeperPid : this.platform.pidOf(part);
    } catch {
      return undefined;
    }
  }

  /** `kill -9` of one of the processes; false when it is not there to be killed. */
  kill(part: Part, signal: NodeJS.Signals = 'SIGKILL'): boolean {
    try {
      if (part === 'keeper') this.platform.killKeeper();
      else this.platform.kill(part, signal);
      return true;
    } catch {
      return false;
    }
  }

  recordingsDir(): string {
    return join(this.platform.dataDir, 'recordings');
  }

  async stop(): Promise<void> {
    await this.#database.end();
    await this.platform.stop();
  }
}

function poolOf(platform: Platform): pg.Pool {
  const text = readFileSync(join(platform.dataDir, 'run', 'ports.json'), 'utf8');
  const { databaseUrl } = JSON.parse(text) as { databaseUrl: string };
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  pool.on('error', () => undefined);
  return pool;
}
