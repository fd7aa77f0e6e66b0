import { SoundLoad } from './sound-load.ts';
import type { SoundAnswer, SoundOrder } from './sound-process.ts';
import { goBeforeOthers } from './product.ts';

/* The sound of all calls, apart from their signalling, before which it goes. */

let sound: SoundLoad | undefined;

const send = (answer: SoundAnswer): void => void process.send?.(answer);

process.on('message', (order: SoundOrder) => {
  if (order.do === 'start') {
    goBeforeOthers('speaking');
    sound = new SoundLoad(order.places, order.hearing);
    sound.start();
  } else if (sound) obey(sound, order);
});
process.on('disconnect', () => process.exit());

function obey(load: SoundLoad, order: Exclude<SoundOrder, { do: 'start' }>): void {
  switch (order.do) {
    case 'add':
      load.add(order.call, order.to);
      break;
    case 'remove':
      load.remove(order.call);
      break;
    case 'openWindow':
      load.openWindow();
      break;
    case 'closeWindow':
      load.closeWindow();
      break;
    case 'stopSpeaking':
      load.stopSpeaking();
      send({ figures: load.figures() });
      break;
  }
}
