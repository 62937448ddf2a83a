import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { JOBS_BY_CLOCK, LATE_CRONS } from '#core/clock.ts';
import { ROOT } from '#test/actions/run-action.ts';

const jobs = Object.entries<{
  readonly github?: { readonly workflow: string; readonly crons: readonly string[] };
  readonly silentAfterHours: number;
}>(JOBS_BY_CLOCK).flatMap(([name, { github, silentAfterHours }]) =>
  github === undefined ? [] : [{ name, ...github, silentAfterHours }],
);
const text = (workflow: string): string => readFileSync(join(ROOT, '.github/workflows', workflow), 'utf8');

describe('what is declared for the clock', () => {
  it.each(jobs)('is the schedule of $workflow', ({ workflow, crons }) => {
    const { on } = parse(text(workflow)) as { on: { schedule: { cron: string }[] } };
    expect(on.schedule.map(({ cron }) => cron)).toEqual(crons);
  });

  it('is what the watchdog holds the others to', () => {
    const watched = [...text('watchdog.yml').matchAll(/([\w-]+\.yml)=(\d+)/g)].map(([, file, hours]) => [
      file,
      Number(hours),
    ]);
    const wanted = jobs
      .filter(({ name }) => name !== 'watchdog')
      .map((job) => [job.workflow, job.silentAfterHours]);
    expect(watched.sort()).toEqual(wanted.sort());
  });

  it('names the late runs in the conditions of the day', () => {
    for (const cron of LATE_CRONS) expect(text('day.yml').split(`"${cron}"`).length - 1).toBe(3);
  });
});
