import type { Clock } from '../base/index.ts';
import { dialogKey } from './dialog.ts';
import type { DialogId, DialogState } from './dialog.ts';
import { dueTimes } from './session-timer.ts';
import type { SessionTimer } from './session-timer.ts';
import { TimerSet } from './timers.ts';

export type SessionKeeperOptions = {
  clock: Clock;
  /** It is our turn to refresh; asked again until the session is renewed or has expired. */
  onRefreshDue: (id: DialogId) => void;
  /** Nobody has refreshed in time: the session is over (RFC 4028 §10). */
  onExpired: (id: DialogId) => void;
};

type Watched = { session: SessionTimer; timers: TimerSet<'refresh' | 'expire'> };

/** A refresh that failed is tried again this often before the session expires. */
const RETRY_SHARE = 10;
const MIN_RETRY_MS = 5_000;
/** A dialog taken over late still gets the time in which a refresh may come through. */
const MIN_EXPIRE_MS = 32_000;

/** Runs the session timers of the dialogs alive in this process (RFC 4028). */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
  }

  /** The dialog is new or has changed; only a change of its session matters. */
  watch(dialog: DialogState): void {
    const key = dialogKey(dialog);
    const known = this.#watched.get(key);
    const { session } = dialog;
    if (known?.session === session && session) return;
    known?.timers.stopAll();
    if (!session || dialog.state !== 'confirmed') {
      this.#watched.delete(key);
      return;
    }
    const timers = new TimerSet<'refresh' | 'expire'>(this.#options.clock);
    this.#watched.set(key, { session, timers });
    this.#arm(dialog, session, timers);
  }

  forget(id: DialogId): void {
    const key = dialogKey(id);
    this.#watched.get(key)?.timers.stopAll();
    this.#watched.delete(key);
  }

  clear(): void {
    for (const { timers } of this.#watched.values()) timers.stopAll();
    this.#watched.clear();
  }

  #arm(id: DialogId, session: SessionTimer, timers: TimerSet<'refresh' | 'expire'>): void {
    const { clock, onExpired, onRefreshDue } = this.#options;
    const now = clock.now();
    const due = dueTimes(session, session.refreshedAtMs ?? now);
    timers.start('expire', Math.max(MIN_EXPIRE_MS, due.expire - now), () => {
      timers.stopAll();
      onExpired(id);
    });
    if (session.refresher !== 'us') return;
    const retryMs = Math.max(MIN_RETRY_MS, (session.intervalS * 1000) / RETRY_SHARE);
    const refresh = (): void => {
      timers.start('refresh', retryMs, refresh);
      onRefreshDue(id);
    };
    timers.start('refresh', Math.max(0, due.refresh - now), refresh);
  }
}
