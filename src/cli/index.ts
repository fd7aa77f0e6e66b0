export { readCenter } from './read-center.ts';
export type { CenterFault, ReadCenter } from './read-center.ts';
