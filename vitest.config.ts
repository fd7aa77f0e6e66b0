import { defineConfig } from 'vitest/config';

/** What the suites that start the product begin with. */
const globalSetup = ['test/harness/ready-folder.ts'];

/** Of those that open its pages. */
const pagesSetup = ['test/harness/web-built.ts', ...globalSetup];

/** The product of a test runs beside the test, and there are two of them at a time. */
const TWO_AT_A_TIME = { fileParallelism: true, maxWorkers: 2 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          testTimeout: 60_000,
          maxWorkers: '100%',
          include: ['src/**/*.test.ts', 'web/**/*.test.{ts,tsx}', 'test/*.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          globalSetup: [...globalSetup, 'test/harness/database.ts'],
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...TWO_AT_A_TIME,
        },
      },
      {
        test: {
          name: 'e2e',
          globalSetup: pagesSetup,
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          ...TWO_AT_A_TIME,
        },
      },
      {
        // What is heard is measured in real time: one file after another and nothing beside it.
        test: {
          name: 'sound',
          globalSetup: pagesSetup,
          include: ['test/sound/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
