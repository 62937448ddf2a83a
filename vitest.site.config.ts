import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** The site in a browser: clicked through, measured, and read by tools that stand for people who cannot see it. */
export default defineConfig({
  test: { ...shared, include: ['test/site/**/*.test.ts'] },
});
