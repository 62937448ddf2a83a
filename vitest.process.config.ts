import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** Suites of real processes and of whole workflows. `npm run test:kill` and its siblings are no suites of vitest. */
export default defineConfig({
  test: { ...shared, include: ['test/process/**/*.test.ts'] },
});
