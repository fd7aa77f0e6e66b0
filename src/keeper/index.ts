export { runKeeper } from './run-keeper.ts';
