import { fileURLToPath } from 'node:url';
import { runKeeper } from './run-keeper.ts';

const entry = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

await runKeeper({ app: entry('../main.ts'), media: entry('../media-process/main.ts') });
