import type { Texts } from './ja.ts';

export const customerEn: Texts['customer'] = {
  title: 'Call as a customer',
  lead: 'Rings a subscriber’s number from this browser. An operator answers.',
  number: 'Number to call',
  noNumbers: 'There is no number to call',
  noNumbersNext:
    'Numbers appear here once the administrator has registered them with npm run denwaban -- apply FILE.',
  withhold: 'Withhold my number',
  callerNumber: 'My number (as the other side sees it)',
  callerNumberNeeded: 'Give a number, or withhold it.',
  call: 'Call',
  again: 'Call again',
  hangUp: 'Hang up',
  microphoneHint: 'Choose “Allow” when the browser asks for the microphone.',
  phase: {
    asking: 'Waiting for the microphone',
    placing: 'Calling',
    ringing: 'Ringing',
    talking: 'Connected',
    unattended: 'Nobody answered; an announcement is played',
    ended: 'The call is over',
  },
  reason: {
    caller: 'The customer hung up.',
    operator: 'The operator hung up.',
    unattended: 'Nobody answered. The subscriber is told of a missed call.',
    other: 'The call ended ({{reason}}).',
  },
  problem: {
    refused:
      'The microphone is not allowed. Allow it with the microphone symbol in the address bar and call again.',
    missing: 'There is no microphone. Connect one and call again.',
    busy: 'The microphone could not be used. Close other applications and call again.',
  },
  sound: 'The other side',
  soundBlocked: 'Play the sound',
};
