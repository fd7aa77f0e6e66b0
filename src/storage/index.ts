export { openStorage } from './storage.ts';
export type { Storage, StorageHealth, StorageOptions } from './storage.ts';
export type { DatabaseAddress } from './database.ts';
