import { TestPhone } from '../harness/engine-rig.ts';
import type { PlacedCall } from '../harness/engine-rig.ts';
import type { DialogState, IncomingInvite } from '../../src/sip/index.ts';
import { dialogKey } from '../../src/sip/index.ts';
import { ToneLines } from './tone-lines.ts';
import type { Party, ToneLine } from './tone-lines.ts';
import { WireLog } from './wire-log.ts';

/** One end of a call that was picked up. */
export type Line = {
  party: Party;
  phone: TestPhone;
  dialog: DialogState;
  sound: ToneLine;
  /** Who said BYE; undefined while the line is up. */
  ended: 'here' | 'there' | undefined;
  /** Unix ms. */
  endedAtMs?: number;
  /** Our BYE was answered; undefined until that is known, or where we sent none. */
  byeAnswered?: boolean;
};

/** What the telephones outside see of one call, found again by the number of its caller. */
export class OutsideView {
  /** The caller's number as dialled, `0900123…`; the contact's is the same with 4 for 3. */
  readonly number: string;
  placed: (PlacedCall & { sound: ToneLine }) | undefined;
  readonly lines: Line[] = [];
  readonly ringing: { party: Party; invite: IncomingInvite }[] = [];
  /** The last digits of a contact who is in the office's list; '' for none. */
  readonly contactTail: string;
  /** Milliseconds until a telephone is picked up; null: it is left ringing. */
  readonly pickUpMs: Record<Party, number | null>;
  /** The contact wants the customer rung. */
  readonly pressesOne: boolean;

  constructor(
    number: string,
    options: { contactTail?: string; pickUpMs: OutsideView['pickUpMs']; pressesOne?: boolean },
  ) {
    this.number = number;
    this.contactTail = options.contactTail ?? '';
    this.pickUpMs = options.pickUpMs;
    this.pressesOne = options.pressesOne ?? false;
  }

  get contactNumber(): string {
    return this.number.replace(/^0900123/, '0900124');
  }

  up(party: Party): Line | undefined {
    return this.lines.findLast((line) => line.party === party && line.ended === undefined);
  }
}

/** All telephones outside the product: the trunk's callers, the operators' phones, the contacts. */
export class SoakPhones {
  readonly wire = new WireLog();
  readonly sound = new ToneLines();
  readonly #trunk: TestPhone;
  readonly #operators: TestPhone;
  readonly #contacts: TestPhone;
  #views: OutsideView[] = [];
  #closed = false;
  readonly #reader: NodeJS.Timeout;

  private constructor(phones: [TestPhone, TestPhone, TestPhone]) {
    [this.#trunk, this.#operators, this.#contacts] = phones;
    this.#reader = setInterval(() => this.readWire(), 50);
    this.#serve(this.#operators, 'operator');
    this.#serve(this.#contacts, 'contact');
    this.#trunk.onRequest = (request) => {
      request.respond(200);
      if (request.method === 'BYE') this.#ended(request.dialog);
    };
  }

  static async open(): Promise<SoakPhones> {
    const phones = await Promise.all([TestPhone.open(), TestPhone.open(), TestPhone.open()]);
    return new SoakPhones(phones);
  }

  operatorUri(index: number): string {
    return this.#operators.uri.replace('sip:phone@', `sip:operator${index}@`);
  }

  get contactsPort(): number {
    return this.#contacts.socket.port;
  }

  /** Only these calls are known from here on. */
  know(views: OutsideView[]): void {
    this.#views = views;
    this.sound.clear();
    for (const phone of [this.#trunk, this.#operators, this.#contacts]) {
      phone.invites.length = 0;
      phone.requests.length = 0;
    }
    this.readWire();
    this.wire.clear();
  }

  /** What has arrived since; often enough, so that the times are about right. */
  readWire(): void {
    for (const phone of [this.#trunk, this.#operators, this.#contacts]) {
      for (const message of phone.heard.splice(0)) this.wire.note(message, Date.now());
    }
  }

  async call(view: OutsideView, sipPort: number): Promise<void> {
    const sound = await this.sound.open('caller');
    const placed = this.#trunk.call(sipPort, '0301234567', {
      from: view.number,
      sdp: sound.sdp(),
      onAnswered: (sdp) => sound.speak(sdp),
    });
    view.placed = { ...placed, sound };
  }

  /** The caller's line, once it is answered. */
  look(view: OutsideView): void {
    const { seen: { dialog } = { dialog: null }, sound } = view.placed ?? {};
    if (!dialog || !sound || view.lines.some(({ party }) => party === 'caller')) return;
    view.lines.push({ party: 'caller', phone: this.#trunk, dialog, sound, ended: undefined });
    // BYE may have come before anybody looked.
    if (this.#endedKeys.has(dialogKey(dialog))) this.#ended(dialog);
  }

  hangUp(line: Line): void {
    if (line.ended !== undefined) return;
    line.ended = 'here';
    line.endedAtMs = Date.now();
    line.sound.stop();
    const { phone } = line;
    const dialog = phone.agent.dialog(line.dialog) ?? line.dialog;
    void phone.agent
      .prepareInDialog(dialog, 'BYE')
      .send()
      .then(({ kind }) => {
        line.byeAnswered = kind === 'answered';
      });
  }

  /** Whoever rings is picked up now. */
  pickUpAll(view: OutsideView): void {
    for (const { party, invite } of view.ringing) {
      const phone = party === 'operator' ? this.#operators : this.#contacts;
      void this.#pickUp(view, { party, phone, invite });
    }
  }

  giveUp(view: OutsideView): void {
    view.placed?.invite.cancel();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reader);
    await Promise.all([this.#trunk.close(), this.#operators.close(), this.#contacts.close()]);
    this.sound.close();
  }

  #serve(phone: TestPhone, party: 'operator' | 'contact'): void {
    phone.onInvite = (invite) => this.#rings(party, invite);
    phone.onRequest = (request) => {
      request.respond(200);
      if (request.method === 'BYE') this.#ended(request.dialog);
    };
  }

  #rings(party: 'operator' | 'contact', invite: IncomingInvite): void {
    const from = invite.request.headers.get('From') ?? '';
    const text = party === 'operator' ? from : invite.request.uri;
    const [, kind, tail = '-'] = /9001(2[34])(\d{4})@/.exec(text) ?? [];
    // A customer who is called back is rung as contacts are.
    const rung = party === 'contact' && kind === '23' ? 'caller' : party;
    const view = this.#views.find(
      ({ number, contactTail }) => number.endsWith(tail) || contactTail === tail,
    );
    if (!view) {
      invite.reject(486);
      return;
    }
    invite.provisional(180);
    view.ringing.push({ party: rung, invite });
    const afterMs = view.pickUpMs[rung];
    if (afterMs === null) return;
    const phone = party === 'operator' ? this.#operators : this.#contacts;
    setTimeout(() => void this.#pickUp(view, { party: rung, phone, invite }), afterMs);
  }

  async #pickUp(
    view: OutsideView,
    { party, phone, invite }: { party: Party; phone: TestPhone; invite: IncomingInvite },
  ): Promise<void> {
    if (this.#closed) return;
    const sound = await this.sound.open(party);
    if (invite.state !== 'open') return;
    const answer = invite.prepareAnswer({ sdp: sound.sdp() });
    if (!invite.sendAnswer(answer)) return;
    sound.speak(invite.remoteSdp);
    const line: Line = { party, phone, dialog: answer.dialog, sound, ended: undefined };
    view.lines.push(line);
    if (view.pressesOne && party === 'contact') this.#press(view, line);
  }

  /** Once more every second while the other telephone does not ring: who could take it may be dead. */
  #press(view: OutsideView, line: Line): void {
    const again = setInterval(() => {
      const isRung = view.ringing.some(({ party }) => party === 'caller');
      if (isRung || line.ended !== undefined || this.#closed) clearInterval(again);
      else line.sound.press('1');
    }, 1_000);
  }

  readonly #endedKeys = new Set<string>();
  #ended(dialog: DialogState | undefined): void {
    if (!dialog) return;
    const key = dialogKey(dialog);
    this.#endedKeys.add(key);
    for (const { lines } of this.#views) {
      const line = lines.find((one) => dialogKey(one.dialog) === key);
      if (!line || line.ended !== undefined) continue;
      line.ended = 'there';
      line.endedAtMs = Date.now();
      line.sound.stop();
    }
  }
}
