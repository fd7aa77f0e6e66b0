import { useEffect, useRef, useState } from 'react';
import type { LiveServerFrame, Topic } from '../../src/contract/index.ts';
import { announceSessionEnd } from './api.ts';
import { LiveConnection, openLiveSocket } from './live.ts';
import type { LiveStatus } from './live.ts';

type Hear = {
  onFrame: (frame: LiveServerFrame) => void;
  /** Connected after an absence: what happened meanwhile was not heard. */
  onReturn?: () => void;
};

/** `randomUUID` is missing on insecure origins, where messages may be read all the same. */
function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** One topic of the live connection for as long as the page is shown. */
export function useLive(topic: Topic, hear: Hear): LiveStatus {
  const [status, setStatus] = useState<LiveStatus>('idle');
  const latest = useRef(hear);
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => {
    let wasOpen = false;
    const live = new LiveConnection({
      deskId: freshId(),
      topics: [topic],
      openSocket: openLiveSocket,
      random: Math.random,
    });
    live.onFrame((frame) => latest.current.onFrame(frame));
    live.onStatus((next) => {
      setStatus(next);
      if (next === 'ended') announceSessionEnd();
      if (next !== 'open') return;
      if (wasOpen) latest.current.onReturn?.();
      wasOpen = true;
    });
    const hurry = (): void => live.hurry();
    window.addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    live.start();
    return () => {
      window.removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
      live.stop();
    };
  }, [topic]);
  return status;
}
