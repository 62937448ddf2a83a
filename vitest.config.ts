import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The TypeScript of a process that a test starts is compiled once, not once per process.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'tipoff-compile-cache') },
    // One process per processor; by default one is left idle.
    maxWorkers: '100%',
    // Files of one process share its modules: they are loaded once per process, not once per file.
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    sequence: { shuffle: true },
  },
});
