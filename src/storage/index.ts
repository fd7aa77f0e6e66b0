export { openStorage } from './storage.ts';
export type { Storage } from './storage.ts';
export type { DatabaseAddress } from './database.ts';
export type { CenterSpec } from './center-spec.ts';
