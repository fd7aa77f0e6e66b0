export * from './people.ts';
export * from './calls.ts';
export * from './form.ts';
export * from './floor.ts';
export * from './messages.ts';
export * from './live.ts';
export * from './center.ts';
export * from './trunks.ts';
