export { EmbeddedPostgres, POSTGRES_STOP } from './embedded-postgres.ts';
export { Keeper } from './keeper.ts';
export type { KeeperOptions } from './keeper.ts';
export type { MediaArgument } from './media-process.ts';
export { runKeeper } from './run-keeper.ts';
