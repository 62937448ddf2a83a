import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { makeTemplate } from './kill-home.ts';
import { killRun } from './kill-run.ts';

// Processes are started, killed and waited for, again and again.
const LONG = 300_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await makeTemplate(join(folder.path, 'template'));
}, LONG);
afterAll(() => folder.remove());

it.each([
  { seed: 7, step: 'half the units' },
  { seed: 21, step: 'in consolidation' },
] as const)(
  'serve killed at "$step" loses and doubles nothing, blocks no slate and drains on SIGTERM',
  async ({ seed, step }) => {
    const run = await killRun({
      template: join(folder.path, 'template'),
      home: join(folder.path, `run-${seed}`),
      seed,
      step,
    });
    expect(run.problems).toEqual([]);
    expect(run.kills).toBeGreaterThan(0);
    // Whatever became of the first batch, the one started after it all is published.
    expect(run.states.at(-1)).toMatch(/^published/);
  },
  LONG,
);
