import type { DeskView } from '../../src/contract/index.ts';
import type { AudioPhase } from './desk-audio.ts';
import type { DeskSnapshot } from './desk.ts';
import { hasForm, isAnothers, isOffered } from './call-phases.ts';

/** Which of the console's screens is shown. */
export type ConsoleMode = 'loading' | 'elsewhere' | 'start' | 'ring' | 'call' | 'idle';

type Facts = Pick<DeskSnapshot, 'view' | 'taken' | 'audio' | 'deskId'>;

const NO_SOUND: readonly AudioPhase[] = ['off', 'asking', 'connecting'];

/**
 * A call always comes before everything about devices: with the sound gone, its words and its form
 * stay, and a line above says what to do.
 */
export function consoleMode(facts: Facts): ConsoleMode {
  const { view, audio } = facts;
  if (view === null) return 'loading';
  const silent = view.device === 'browser' && NO_SOUND.includes(audio.phase);
  if (isElsewhere(facts, silent)) return 'elsewhere';
  const ofCall = modeOfCall(view);
  if (ofCall !== null) return ofCall;
  return silent || view.state === 'offline' ? 'start' : 'idle';
}

function isElsewhere({ view, taken, deskId }: Facts, silent: boolean): boolean {
  if (view === null || view.device !== 'browser') return false;
  if (taken) return true;
  return silent && view.audio === 'up' && view.deskId !== null && view.deskId !== deskId;
}

function modeOfCall(view: DeskView): 'ring' | 'call' | null {
  if (view.call === null) return null;
  if (isOffered(view)) return 'ring';
  return hasForm(view.call) && !isAnothers(view) ? 'call' : null;
}
