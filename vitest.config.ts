import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/long-first.ts';
import { scratchFolder } from './test/scratch.ts';

const scratch = scratchFolder();

/** What every suite on this machine shares. */
export const shared = {
  // The TypeScript of a process that a test starts is compiled once, not once per process.
  env: { TMPDIR: scratch, NODE_COMPILE_CACHE: join(scratch, 'tipoff-compile-cache') },
  // One process per processor; by default one is left idle.
  maxWorkers: '100%',
  // Files of one process share its modules: they are loaded once per process, not once per file.
  isolate: false,
  // A test that needs longer says so, and why.
  testTimeout: 20_000,
  hookTimeout: 20_000,
  sequence: { shuffle: true, sequencer: LongFirst },
  reporters: ['default', './test/report-skips.ts'],
};

export default defineConfig({
  test: { ...shared, include: ['test/**/*.test.ts'], exclude: ['test/process/**', 'test/site/**'] },
});
