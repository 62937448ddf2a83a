import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { GITHUB_JOBS, LATE_CRONS } from '#core/clock.ts';
import { ROOT } from '#test/actions/run-action.ts';

const text = (workflow: string): string => readFileSync(join(ROOT, '.github/workflows', workflow), 'utf8');

describe('what is declared for the clock', () => {
  it.each(GITHUB_JOBS)('is the schedule of $workflow', ({ workflow, crons }) => {
    const { on } = parse(text(workflow)) as { on: { schedule: { cron: string }[] } };
    expect(on.schedule.map(({ cron }) => cron)).toEqual(crons);
  });

  it('is what the watchdog holds the others to', () => {
    const watched = [...text('watchdog.yml').matchAll(/([\w-]+\.yml)=(\d+)/g)].map(([, file, hours]) => [
      file,
      Number(hours),
    ]);
    const wanted = GITHUB_JOBS.filter(({ name }) => name !== 'watchdog').map((job) => [
      job.workflow,
      job.silentAfterHours,
    ]);
    expect(watched.sort()).toEqual(wanted.sort());
  });

  it('names the late runs in the conditions of the day', () => {
    for (const cron of LATE_CRONS) expect(text('day.yml').split(`"${cron}"`).length - 1).toBe(3);
  });
});
