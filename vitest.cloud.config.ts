import { defineConfig } from 'vitest/config';

/** The contract suites over emulators of Google Cloud; `test/cloud/run.ts` starts what the machine offers. */
export default defineConfig({
  test: {
    include: ['test/cloud/**/*.cloud.ts'],
    // An emulator takes seconds for a statement.
    testTimeout: 120_000,
    // And a file prepares whole days on it.
    hookTimeout: 120_000,
    // Files from the longest to the shortest: beside each other they end together.
    sequence: { shuffle: { files: false, tests: true } },
  },
});
