import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** A few rounds of the suites that kill and race processes; `npm run test:kill` and its siblings go on for longer. */
export default defineConfig({
  test: { ...shared, include: ['test/process/**/*.test.ts'] },
});
