const STORED = 'denwaban.desk';
const ON_SHIFT = 'denwaban.on-shift';

/**
 * One id per browser tab; a reloaded tab keeps its own. "Duplicate tab" copies sessionStorage, so
 * the id is also held as a lock: whoever finds it held is a copy and takes a new one.
 */
export async function claimDeskId(): Promise<string> {
  const stored = sessionStorage.getItem(STORED) ?? freshId();
  const deskId = (await holdSoon(stored)) ? stored : freshId();
  if (deskId !== stored) {
    await hold(deskId);
    leaveShift();
  }
  sessionStorage.setItem(STORED, deskId);
  return deskId;
}

function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `desk_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** The page before the reload may need a moment to let go. */
async function holdSoon(deskId: string): Promise<boolean> {
  if (await hold(deskId)) return true;
  await new Promise((resolve) => setTimeout(resolve, 250));
  return hold(deskId);
}

/** Locks exist on secure origins alone; without them a tab trusts its own storage. */
async function hold(deskId: string): Promise<boolean> {
  if (!('locks' in navigator)) return true;
  return new Promise((resolve) => {
    const held = navigator.locks.request(`${STORED}.${deskId}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // Held until the page is gone.
      return lock === null ? null : new Promise<never>(() => undefined);
    });
    // A browser that refuses is one without locks.
    held.catch(() => resolve(true));
  });
}

/** This tab was taking calls: after a reload it goes on without being asked. */
export function isOnShift(): boolean {
  return sessionStorage.getItem(ON_SHIFT) === 'yes';
}

export function enterShift(): void {
  sessionStorage.setItem(ON_SHIFT, 'yes');
}

export function leaveShift(): void {
  sessionStorage.removeItem(ON_SHIFT);
}
