import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';
import type { z } from 'zod';
import { customerCallViewSchema } from '../../src/contract/index.ts';
import { API, request } from '../shared/api.ts';
import { CallerLeg } from './caller-leg.ts';
import type { Dialing } from './caller-leg.ts';

type CustomerCallView = z.infer<typeof customerCallViewSchema>;
export type CustomerPhase =
  'idle' | 'asking' | 'placing' | 'ringing' | 'talking' | 'unattended' | 'ended';
export type CustomerCall = {
  phase: CustomerPhase;
  termination: CustomerCallView['termination'];
  talkingSince: number | null;
  problem: unknown;
  soundBlocked: boolean;
  audio: RefObject<HTMLAudioElement | null>;
  call: (dialing: Dialing) => void;
  hangUp: () => void;
  unblock: () => void;
};

const POLL_MS = 1_000;

const SHOWN: Record<CustomerCallView['phase'], CustomerPhase> = {
  waiting: 'ringing',
  offering: 'ringing',
  connecting: 'ringing',
  'calling-contact': 'ringing',
  'calling-customer': 'ringing',
  talking: 'talking',
  reconnecting: 'talking',
  held: 'talking',
  relaying: 'talking',
  consulting: 'talking',
  'three-way': 'talking',
  relayed: 'talking',
  parked: 'talking',
  'handing-over': 'talking',
  unattended: 'unattended',
  'wrap-up': 'ended',
  ended: 'ended',
};

function phaseOf(call: CustomerCallView): CustomerPhase {
  return call.termination === null ? SHOWN[call.phase] : 'ended';
}

/** How the call stands at the server, asked each second while it is up. */
function useFollowed(callId: string | null): CustomerCallView | undefined {
  const { data } = useQuery({
    queryKey: ['customer-call', callId],
    queryFn: ({ signal }) => {
      const path = `${API}/customer/calls/${encodeURIComponent(callId ?? '')}`;
      return request(customerCallViewSchema, 'GET', path, { signal });
    },
    enabled: callId !== null,
    refetchInterval: ({ state }) =>
      state.data !== undefined && phaseOf(state.data) === 'ended' ? false : POLL_MS,
    refetchIntervalInBackground: true,
  });
  return data;
}

function useHangUpOnLeave(leg: RefObject<CallerLeg | null>): void {
  useEffect(() => {
    const leave = (): void => leg.current?.abandon();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [leg]);
}

/** One call at a time from this page; leaving the page hangs up. */
export function useCustomerCall(): CustomerCall {
  const leg = useRef<CallerLeg | null>(null);
  const audio = useRef<HTMLAudioElement | null>(null);
  const [step, setStep] = useState<'idle' | 'asking' | 'placing' | 'placed' | 'over'>('idle');
  const [callId, setCallId] = useState<string | null>(null);
  const [talkingSince, setTalkingSince] = useState<number | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [soundBlocked, setSoundBlocked] = useState(false);
  const data = useFollowed(callId);
  const polled = data === undefined ? 'ringing' : phaseOf(data);
  const phase = step === 'placed' ? polled : step === 'over' ? 'ended' : step;

  useEffect(() => {
    if (phase === 'talking') setTalkingSince((before) => before ?? Date.now());
    if (phase === 'ended') leg.current?.close();
  }, [phase]);
  useHangUpOnLeave(leg);

  const play = (): void => {
    audio.current
      ?.play()
      .then(() => setSoundBlocked(false))
      .catch((error: unknown) => {
        setSoundBlocked(error instanceof Error && error.name === 'NotAllowedError');
      });
  };
  const call = async (dialing: Dialing): Promise<void> => {
    const next = new CallerLeg();
    leg.current = next;
    setStep('asking');
    setCallId(null);
    setTalkingSince(null);
    setProblem(null);
    try {
      const id = await next.place(dialing, {
        onPlacing: () => setStep('placing'),
        onSound: (stream) => {
          if (audio.current === null) return;
          audio.current.srcObject = stream;
          play();
        },
      });
      if (leg.current !== next) return;
      setCallId(id);
      setStep(id === null ? 'idle' : 'placed');
    } catch (error) {
      await next.hangUp();
      if (leg.current !== next) return;
      setProblem(error);
      setStep('idle');
    }
  };
  return {
    phase,
    termination: data?.termination ?? null,
    talkingSince,
    problem,
    soundBlocked,
    audio,
    call: (dialing) => void call(dialing),
    hangUp: () => {
      setStep(callId === null ? 'idle' : 'over');
      void leg.current?.hangUp();
    },
    unblock: play,
  };
}
