export { parseSettings } from './settings.ts';
export type { MediaProcessSettings } from './settings.ts';
export { startMediaProcess } from './media-process.ts';
export type { MediaProcess } from './media-process.ts';
