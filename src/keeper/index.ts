export { Keeper } from './keeper.ts';
export type { KeeperOptions } from './keeper.ts';
export type { MediaArgument } from './media-process.ts';
