import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One process per processor; by default one is left idle.
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    sequence: { shuffle: true },
  },
});
