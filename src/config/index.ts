export { DISK_FULL_BYTES, DISK_LOW_BYTES, parseConfig } from './config.ts';
export type { Config, ConfigResult, LogLevel, Surroundings } from './config.ts';
export { childEnv, loadConfig, readInternal, userRuntimeDir } from './env.ts';
export type { Internal } from './internal.ts';
export { VARIABLES } from './variables.ts';
