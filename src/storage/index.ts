export { openStorage } from './storage.ts';
export type { Storage, StorageHealth, StorageOptions } from './storage.ts';
export type { DatabaseAddress } from './database.ts';
export type { Center } from './center.ts';
export type { ApplyOutcome, CenterSpec } from './center-spec.ts';
