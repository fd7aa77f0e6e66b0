import { expect } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, ContactId, E164, OperatorId } from '../../src/base/index.ts';
import { soundOf } from '../../src/calls/index.ts';
import type { CallState } from '../../src/calls/index.ts';
import { EngineRig, TestOutbound, TestPhone } from './engine-rig.ts';
import type { TestDatabase } from './engine-rig.ts';
import { until } from './platform.ts';
import { DEFAULT_RELAY_RULES } from '../../src/subscribers/index.ts';

/** A phone’s answer to our offer. */
export const RTP_ANSWER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40002 RTP/AVP 0',
  '',
].join('\r\n');
export const BROWSER_OFFER = RTP_ANSWER.replace('40002 RTP/AVP', '9 UDP/TLS/RTP/SAVPF');
export const HANAKO = asId<E164>('+819001234568');
export const JIRO = asId<E164>('+819001234569');
export const DONE = { ok: true, value: null };

export type Talk = { id: CallId; one: OperatorId; seen: ReturnType<TestPhone['call']>['seen'] };

/**
 * An office at work on an engine rig: operators one, two and boss at browsers, the contacts hanako and
 * jiro with phones, and a trunk that calls.
 */
export class RigFloor {
  readonly trunk: TestPhone;
  readonly hanako: TestPhone;
  readonly jiro: TestPhone;
  readonly outbound: TestOutbound;
  readonly #database: Pick<TestDatabase, 'address'>;
  rig: EngineRig;

  private constructor(
    database: Pick<TestDatabase, 'address'>,
    parts: { rig: EngineRig; outbound: TestOutbound; phones: [TestPhone, TestPhone, TestPhone] },
  ) {
    this.#database = database;
    this.rig = parts.rig;
    this.outbound = parts.outbound;
    [this.trunk, this.hanako, this.jiro] = parts.phones;
  }

  static async open(database: Pick<TestDatabase, 'address'>): Promise<RigFloor> {
    const phones = await Promise.all([TestPhone.open(), TestPhone.open(), TestPhone.open()]);
    const [, hanako, jiro] = phones;
    const outbound = new TestOutbound(
      new Map([
        [HANAKO, hanako.uri],
        [JIRO, jiro.uri],
      ]),
    );
    const rig = await EngineRig.start(database, { outbound });
    await furnish(rig);
    return new RigFloor(database, { rig, outbound, phones });
  }

  async close(): Promise<void> {
    await this.rig.die();
    await Promise.all([this.trunk.close(), this.hanako.close(), this.jiro.close()]);
  }

  stateOf(id: CallId): CallState {
    const state = this.rig.engine.registry.get(id)?.state;
    if (!state) throw new Error('the call is over');
    return state;
  }

  phaseOf(id: CallId): CallState['phase'] | undefined {
    return this.rig.engine.registry.get(id)?.state.phase;
  }

  async seat(key: string, available = true): Promise<OperatorId> {
    const { rig } = this;
    const found = (await rig.storage.floor.operators()).find((operator) => operator.key === key)!;
    const opened = await rig.desk.openAudio(found.id, `desk-${key}-1`, BROWSER_OFFER);
    expect(opened.ok).toBe(true);
    rig.attended.add(found.id);
    if (available) expect(await rig.desk.setPresence(found.id, 'available')).toEqual(DONE);
    return found.id;
  }

  contactOf(key: string): ContactId {
    const { directory } = this.rig.storage;
    const [subscriber] = directory.subscribers();
    return directory.contactsOf(subscriber!.id).find((one) => one.key === key)!.id;
  }

  /** A caller and operator one, talking. */
  async talking(): Promise<Talk> {
    const one = await this.seat('one');
    const { seen } = this.trunk.call(this.rig.port, '0301234567');
    await until(() => this.rig.engine.openCalls.length === 1, 5_000);
    const id = this.rig.engine.openCalls[0]!;
    await until(() => this.phaseOf(id) === 'offering', 3_000);
    await this.rig.desk.answer(one, id);
    await until(() => this.phaseOf(id) === 'talking', 3_000);
    return { id, one, seen };
  }

  async relaying({ one, id }: Talk): Promise<void> {
    const to = [{ contactId: this.contactOf('hanako') }];
    const wish = { to, order: 'one-after-another', announce: 'operator' } as const;
    expect(await this.rig.operations.relay(one, id, wish)).toEqual(DONE);
    await until(() => this.hanako.invites.length === 1, 3_000);
  }

  async consulting(talk: Talk): Promise<void> {
    await this.relaying(talk);
    this.hanako.pickUp(RTP_ANSWER);
    await until(() => this.phaseOf(talk.id) === 'consulting', 3_000);
  }

  /** What the media plane does is what the call's state says, and nothing else. */
  async heardAsSaid(id: CallId): Promise<void> {
    const seenBy = async (): Promise<string> => {
      const found = await this.rig.media.inventory();
      if (!found.ok) throw new Error(found.reason);
      const { hearing, playing, recording } = soundOf(this.stateOf(id));
      const rows = (list: unknown[]) => list.map((one) => JSON.stringify(one)).sort();
      const wanted = {
        hearing: rows(hearing),
        playing: rows(playing.map(({ leg, source }) => [leg, source])),
        recording: recording && [recording.id, recording.paused],
      };
      const there = {
        hearing: rows(found.value.hearing),
        playing: rows(found.value.playbacks.map((one) => [one.leg, one.id.split(':')[1]])),
        recording: found.value.recordings.map((one) => [one.recordingId, one.paused])[0] ?? null,
      };
      const [a, b] = [JSON.stringify(there), JSON.stringify(wanted)];
      return a === b ? 'same' : `${a}\n${b}`;
    };
    await expect.poll(seenBy, { timeout: 3_000 }).toBe('same');
  }

  /** The app dies at this moment; another one goes on. */
  async restart(trunks: 'known' | 'unknown' = 'known'): Promise<void> {
    const { media, port, attended } = this.rig;
    await this.rig.die();
    this.outbound.begun.clear();
    const { outbound } = this;
    // Right after a start none may be known yet: what rings already needs none.
    const phones = [...outbound.phones];
    if (trunks === 'unknown') outbound.phones.clear();
    this.rig = await EngineRig.start(this.#database, { media, port, outbound });
    for (const [number, uri] of phones) outbound.phones.set(number, uri);
    for (const operator of attended) this.rig.attended.add(operator);
  }

  /** No call is left, and nothing of one. */
  async over(): Promise<void> {
    const { engine, media, sip } = this.rig;
    await until(() => engine.openCalls.length === 0, 5_000);
    await until(() => this.outbound.begun.size === 0, 2_000);
    expect(media.openLegs.filter((leg) => !engine.deskAudio.owns(leg))).toEqual([]);
    await until(() => sip.agent.counts.dialogs === 0, 3_000);
  }
}

export const byes = (phone: TestPhone): number =>
  phone.requests.filter(({ method }) => method === 'BYE').length;

async function furnish(rig: EngineRig): Promise<void> {
  const desk = (id: string) => ({
    id,
    name: id,
    role: 'operator' as const,
    device: { kind: 'browser' as const },
  });
  const contact = (id: string, phone: string | null) => {
    return { id, name: id, kana: '', title: '', phone, email: null };
  };
  const outcome = await rig.storage.center.apply({
    version: 1,
    name: '電話番センター',
    settings: { ringNoAnswerSeconds: 3, maxWaitSeconds: 5 },
    trunks: [
      {
        id: 'carrier',
        name: 'Carrier',
        addresses: ['127.0.0.1'],
        mediaNetworks: [],
        dialedNumberFrom: 'request-uri',
        trustAssertedIdentity: true,
      } as never,
    ],
    subscribers: [
      {
        id: 'sakura',
        name: 'さくら法律事務所',
        kana: '',
        greeting: 'さくら法律事務所でございます。',
        greetingKana: '',
        note: '',
        timeZone: 'Asia/Tokyo',
        relay: DEFAULT_RELAY_RULES,
        numbers: [{ number: '03-0123-4567', label: '' }],
        contacts: [
          contact('hanako', '090-0123-4568'),
          contact('jiro', '090-0123-4569'),
          contact('taro', null),
        ],
        mailRoutes: [],
        members: [],
      } as never,
    ],
    operators: [desk('one'), desk('two'), desk('boss')],
  } as never);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues));
}
