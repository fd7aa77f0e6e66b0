import {
  audioViewSchema,
  callViewSchema,
  deskViewSchema,
  FIELD_LIMITS,
  fieldAckSchema,
  messageViewSchema,
  notReachedSchema,
} from '../../src/contract/index.ts';
import type {
  DeskView,
  LiveServerFrame,
  MessageField,
  MessageView,
} from '../../src/contract/index.ts';
import { announceSessionEnd, API, ApiProblem, nothing, request } from '../shared/api.ts';
import { LiveConnection, openLiveSocket } from '../shared/live.ts';
import type { LiveStatus } from '../shared/live.ts';
import { CallCommands } from './call-commands.ts';
import { hasForm, isAnothers, isOffered } from './call-phases.ts';
import { DeskAudio } from './desk-audio.ts';
import type { AudioView } from './desk-audio.ts';
import { claimDeskId, enterShift, isOnShift, leaveShift } from './desk-id.ts';
import type { DraftStatus, KeptDraft } from './draft-keeper.ts';
import { DraftSync } from './draft-sync.ts';
import { mayHangUp } from './keys.ts';
import {
  addNotice,
  hasFailed,
  noticesAfterWelcome,
  noticesBesideCall,
  noticesBesideHeader,
  noticesWithSound,
  unrecordedAfter,
} from './notices.ts';
import type { Notice, NoticeCode } from './notices.ts';
import { Ringer } from './ringer.ts';

export type Presence = 'available' | 'away' | 'offline';
/** The live connection says what is new, and in order; the answer to a request may be older. */
export type MessageSource = 'news' | 'answer';
type MessageListener = (message: MessageView, source: MessageSource) => void;
export type WatchMode = NonNullable<DeskView['watching']>['mode'];

/** Everything the console draws, in one value that is new after every change. */
export type DeskSnapshot = {
  deskId: string;
  live: LiveStatus;
  view: DeskView | null;
  draft: KeptDraft | null;
  draftStatus: DraftStatus;
  audio: AudioView;
  /** Another tab of this operator took the audio. */
  taken: boolean;
  notices: readonly Notice[];
  /** Calls that should be recorded and are not, as far as this desk was told. */
  unrecorded: ReadonlySet<string>;
  /** The last thing that was refused or failed, until it is read or something works. */
  problem: unknown;
  /** Server time minus this computer's: timers must agree with the server's instants. */
  clockOffsetMs: number;
};

/** Introduces the live connection, the draft, the audio and the ring to each other. */
export class Desk {
  readonly operatorId: string;
  readonly ringer = new Ringer();
  readonly audio: DeskAudio;
  /** What is done with the call that is up. */
  readonly operations: CallCommands;
  readonly #live: LiveConnection;
  readonly #drafts: DraftSync;
  readonly #listeners = new Set<() => void>();
  readonly #messageListeners = new Set<MessageListener>();
  readonly #closing = new AbortController();
  #snapshot: DeskSnapshot;
  #hangUpPressedAt: number | null = null;
  #answeredAt: number | null = null;
  /** Of a connection whose first snapshot has not come. */
  #saidAgain: Set<NoticeCode> | null = null;
  /** The app process this page was connected to last. */
  #bootId: string | null = null;
  /** The customer's call that she asked for last. */
  #calledBack: string | null = null;
  /** The call that she hung up last. */
  #letGo: string | null = null;
  #noticeCount = 0;
  /** Messages whose report has failed, as far as was told. */
  readonly #failed = new Set<string>();

  constructor(operatorId: string, deskId: string) {
    this.operatorId = operatorId;
    this.audio = new DeskAudio((sdpOffer, takeOver) => openAudio(deskId, sdpOffer, takeOver));
    this.operations = new CallCommands((path, method, body) => this.#command(path, method, body));
    this.#live = new LiveConnection({
      deskId,
      topics: ['desk', 'messages'],
      openSocket: openLiveSocket,
      random: Math.random,
    });
    this.#drafts = new DraftSync({
      sendLive: (callId, outgoing) => this.#live.send({ type: 'draft.put', callId, ...outgoing }),
      sendByRequest: (callId, { field, value, clientSeq }) =>
        request(fieldAckSchema, 'PUT', `${API}/calls/${callId}/draft/fields/${field}`, {
          body: { value, clientSeq, deskId },
        }),
      store: localStorage,
      onChange: () => this.#publish({}),
    });
    this.#snapshot = {
      deskId,
      live: this.#live.status,
      view: null,
      draft: null,
      draftStatus: 'empty',
      audio: this.audio.view,
      taken: false,
      notices: [],
      unrecorded: new Set(),
      problem: null,
      clockOffsetMs: 0,
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): DeskSnapshot => this.#snapshot;

  onMessage(listener: MessageListener): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  start(): void {
    this.#live.onFrame((frame) => this.#receive(frame));
    this.#live.onStatus((status) => this.#liveChanged(status));
    this.audio.onChange(() => this.#soundChanged());
    this.#live.start();
    void this.refresh();
    // This tab was on shift before the reload: the caller may be waiting for its sound.
    if (isOnShift()) void this.audio.resume();
    const { signal } = this.#closing;
    const hurry = (): void => {
      this.#live.hurry();
      this.audio.hurry();
    };
    window.addEventListener('online', hurry, { signal });
    document.addEventListener('visibilitychange', hurry, { signal });
    for (const gesture of ['pointerdown', 'keydown']) {
      window.addEventListener(gesture, () => this.#gesture(), { signal });
    }
  }

  /** The console is shown again, perhaps after a new sign-in. */
  wake(): void {
    this.#live.start();
    this.audio.hurry();
  }

  close(): void {
    this.#closing.abort();
    this.#live.stop();
    this.#drafts.stop();
    this.audio.stop();
    this.ringer.close();
  }

  async refresh(): Promise<void> {
    try {
      this.#show(await request(deskViewSchema, 'GET', `${API}/desk`));
    } catch {
      // The live connection brings the same snapshot as soon as it is open.
    }
  }

  /** What a button or key does; a refusal becomes a sentence on the screen. */
  attempt(action: () => Promise<unknown>): void {
    this.#publish({ problem: null });
    action().catch((problem: unknown) => this.#publish({ problem }));
  }

  dismissProblem(): void {
    this.#publish({ problem: null });
  }

  type(field: MessageField, value: string): void {
    this.#drafts.type(field, value.slice(0, FIELD_LIMITS[field]));
  }

  /** 受電開始 */
  async startShift(options: { takeOver: boolean } = { takeOver: false }): Promise<void> {
    this.ringer.unlock();
    this.#publish({ taken: false });
    if (this.#snapshot.view?.device === 'browser') {
      if (!(await this.audio.start(options))) return;
      enterShift();
    }
    // Taking over in the middle of a call: the operator is on the floor already.
    if (!this.#isEngaged()) await this.setPresence('available');
  }

  async setPresence(presence: Presence): Promise<void> {
    await this.#command(`${API}/desk/presence`, 'PUT', { presence });
    if (presence !== 'offline') return;
    leaveShift();
    await this.#closeAudio();
  }

  /** Listens to a colleague's call, or changes how; off shift the sound is opened for it alone. */
  async watch(callId: string, mode: WatchMode): Promise<void> {
    this.ringer.unlock();
    const isElsewhere = this.#snapshot.view?.audio === 'up';
    const isSilent = this.#snapshot.audio.phase === 'off' && !isElsewhere;
    if (isSilent && !(await this.audio.start())) return;
    await this.#command(`${API}/calls/${callId}/monitor`, 'PUT', { mode });
  }

  async stopWatching(): Promise<void> {
    const callId = this.#snapshot.view?.watching?.callId;
    if (callId !== undefined) await this.#command(`${API}/calls/${callId}/monitor`, 'DELETE');
  }

  async echoTest(): Promise<void> {
    await this.#command(`${API}/desk/echo-test`, 'POST');
  }

  async answer(): Promise<void> {
    this.#answeredAt = Date.now();
    this.ringer.stop();
    await this.#callCommand('answer');
  }

  async decline(): Promise<void> {
    this.ringer.stop();
    await this.#callCommand('decline');
  }

  async hangUp(): Promise<void> {
    const now = Date.now();
    const allowed = mayHangUp(now, this.#hangUpPressedAt, this.#answeredAt);
    this.#hangUpPressedAt = now;
    if (!allowed) return;
    this.#letGo = this.#snapshot.view?.call?.id ?? null;
    try {
      await this.#callCommand('hang-up');
    } catch (error) {
      // The caller was a moment quicker: what was wanted has happened.
      if (!(error instanceof ApiProblem && error.problem.code === 'call-over')) throw error;
    }
  }

  /** Nobody hangs up on a caller whom she does not hear: the key says so and how to go on. */
  refuseHangUp(callId: string): void {
    this.#notice({ code: 'hang-up-refused', callId });
  }

  /** A customer is being called back to this desk. */
  customerRings(callId: string): void {
    this.#calledBack = callId;
    void this.#lookForCustomer();
  }

  async finishWrapUp(): Promise<void> {
    await this.#callCommand('finish');
  }

  /** Everything typed is with the server before the message is asked for. */
  async sendMessage(callId: string): Promise<MessageView> {
    await this.#drafts.flush();
    const path = `${API}/calls/${callId}/message`;
    const message = await request(messageViewSchema, 'POST', path, { body: {} });
    this.#announce(message, 'answer');
    if (this.#live.status !== 'open') await this.refresh();
    return message;
  }

  dismissNotice(id: number): void {
    this.#publish({ notices: this.#snapshot.notices.filter((notice) => notice.id !== id) });
  }

  #soundChanged(): void {
    const audio = this.audio.view;
    this.#publish({ audio, notices: noticesWithSound(this.#snapshot.notices, audio.phase) });
  }

  #gesture(): void {
    if (this.#snapshot.audio.phase === 'off') return;
    void this.audio.unblock();
    this.ringer.unlock();
  }

  #isEngaged(): boolean {
    const state = this.#snapshot.view?.state;
    return state === 'reserved' || state === 'busy' || state === 'wrap-up';
  }

  async #callCommand(command: 'answer' | 'decline' | 'hang-up' | 'finish'): Promise<void> {
    const callId = this.#snapshot.view?.call?.id;
    if (callId !== undefined) await this.#command(`${API}/calls/${callId}/${command}`, 'POST');
  }

  async #closeAudio(): Promise<void> {
    this.audio.stop();
    const desk = encodeURIComponent(this.#snapshot.deskId);
    await request(nothing, 'DELETE', `${API}/desk/audio?deskId=${desk}`).catch(() => null);
  }

  async #command(path: string, method: 'POST' | 'PUT' | 'DELETE', body?: unknown): Promise<void> {
    try {
      await request(nothing, method, path, { body });
    } finally {
      if (this.#live.status !== 'open') await this.refresh();
    }
  }

  #receive(frame: LiveServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#welcome(frame.bootId);
        return;
      case 'desk':
        this.#forgetWhatEnded();
        this.#show(frame.desk);
        return;
      case 'draft.ack':
        this.#drafts.acknowledge(frame.ack);
        return;
      case 'draft.refused':
        this.#drafts.refuse(frame);
        return;
      case 'message':
        this.#announce(frame.message, 'news');
        return;
      case 'audio.reopen':
        this.audio.reopen();
        return;
      case 'desk.taken':
        this.#taken(frame.deskId);
        return;
      case 'notice':
        this.#notice(frame.notice);
        return;
      case 'floor':
      case 'trunks':
      case 'pong':
        return undefined;
    }
  }

  #welcome(bootId: string): void {
    this.audio.hurry();
    // The server names the calls again that are not recorded.
    this.#publish({ unrecorded: new Set() });
    this.#saidAgain = new Set();
    const isAnother = this.#bootId !== null && this.#bootId !== bootId;
    this.#bootId = bootId;
    // Nobody was connected to be told of it when the process began.
    if (isAnother) this.#notice({ code: 'app-restarted', callId: null });
  }

  /** The first snapshot of a connection comes after all that is still wrong was said again. */
  #forgetWhatEnded(): void {
    if (this.#saidAgain === null) return;
    const notices = noticesAfterWelcome(this.#snapshot.notices, this.#saidAgain);
    this.#saidAgain = null;
    this.#publish({ notices });
  }

  #liveChanged(status: LiveStatus): void {
    this.#drafts.setOnline(status === 'open');
    this.#publish({ live: status });
    if (status === 'ended') announceSessionEnd();
  }

  #show(view: DeskView): void {
    const { call } = view;
    const hadWatched = this.#snapshot.view?.watching != null && view.watching === null;
    // Off shift the microphone is open for as long as there is a call to listen to.
    if (hadWatched && view.state === 'offline') void this.#closeAudio();
    const withForm = call !== null && hasForm(call) && !isOffered(view) && !isAnothers(view);
    // The caret is in the form the instant the call is answered; the stored draft may come later.
    const empty = { callId: call?.id ?? '', version: 0, fields: {}, sentMessageId: null };
    const besideCall = noticesBesideCall(this.#snapshot.notices, call?.id ?? null);
    const notices = noticesBesideHeader(besideCall, call);
    const clockOffsetMs = view.serverTime - Date.now();
    this.#snapshot = { ...this.#snapshot, view, notices, clockOffsetMs };
    void this.#lookForCustomer();
    this.#drafts.show(withForm ? (view.draft ?? empty) : null);
    this.#ring(view);
    this.#publish({});
  }

  /**
   * A call-back that came to nothing may be over before the screen has shown it: said, unless she
   * let go of it herself. A snapshot older than the call says nothing about it, so the call is asked.
   */
  async #lookForCustomer(): Promise<void> {
    const callId = this.#calledBack;
    const { view } = this.#snapshot;
    if (callId === null || (view !== null && view.call !== null)) return;
    const call = await request(callViewSchema, 'GET', `${API}/calls/${callId}`).catch(() => null);
    if (call === null || call.termination === null || this.#calledBack !== callId) return;
    this.#calledBack = null;
    if (call.answeredAt !== null || this.#letGo === callId) return;
    const why = notReachedSchema.safeParse(call.termination.reason).data;
    this.#notice({ code: 'call-back-failed', callId, why });
  }

  #ring(view: DeskView): void {
    const rings = view.device === 'browser' && isOffered(view);
    if (rings && this.#snapshot.audio.phase !== 'off') this.ringer.start();
    else this.ringer.stop();
  }

  #taken(deskId: string): void {
    if (deskId === this.#snapshot.deskId) return;
    leaveShift();
    this.ringer.stop();
    this.audio.stop();
    this.#publish({ taken: true });
  }

  #notice(notice: Omit<Notice, 'id'>): void {
    this.#noticeCount += 1;
    this.#saidAgain?.add(notice.code);
    const added = { id: this.#noticeCount, ...notice };
    this.#publish({
      notices: noticesBesideHeader(
        addNotice(this.#snapshot.notices, added),
        this.#snapshot.view?.call ?? null,
      ),
      unrecorded: unrecordedAfter(this.#snapshot.unrecorded, notice),
    });
  }

  #announce(message: MessageView, source: MessageSource): void {
    if (message.kind === 'taken') this.#drafts.close(message.callId, message.id);
    this.#noteFailure(message);
    for (const listener of this.#messageListeners) listener(message, source);
  }

  /** Said once for each message, however often its state is told. */
  #noteFailure(message: MessageView): void {
    const isFailed = hasFailed(message);
    if (isFailed && !this.#failed.has(message.id)) {
      this.#notice({ code: 'delivery-failed', callId: null });
    }
    if (isFailed) this.#failed.add(message.id);
    else this.#failed.delete(message.id);
  }

  #publish(change: Partial<DeskSnapshot>): void {
    const { draft, status } = this.#drafts;
    this.#snapshot = { ...this.#snapshot, ...change, draft, draftStatus: status };
    for (const listener of this.#listeners) listener();
  }
}

async function openAudio(deskId: string, sdpOffer: string, takeOver: boolean): Promise<string> {
  const body = { deskId, sdpOffer, takeOver };
  const answer = await request(audioViewSchema, 'POST', `${API}/desk/audio`, { body });
  return answer.sdpAnswer;
}

let current: Promise<Desk> | null = null;
let currentOperator = '';

/** The page's one desk; another operator signing in on this page gets a new one. */
export function deskOf(operatorId: string): Promise<Desk> {
  if (current === null || currentOperator !== operatorId) {
    const before = current;
    currentOperator = operatorId;
    current = begin(operatorId, before);
  }
  return current;
}

async function begin(operatorId: string, before: Promise<Desk> | null): Promise<Desk> {
  (await before)?.close();
  const desk = new Desk(operatorId, await claimDeskId());
  desk.start();
  return desk;
}
