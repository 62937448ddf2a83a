import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '#model/random.ts';
import { resumeRun, type Undisturbed, undisturbed } from '#scripts/resume-run.ts';
import { makeResumeTemplate, type ResumeTemplate } from '#scripts/resume-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const LONG = 300_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let template: ResumeTemplate;
let measure: Undisturbed;
beforeAll(async () => {
  folder = await temporaryFolder();
  template = await makeResumeTemplate(join(folder.path, 'template'));
  measure = await undisturbed(template, join(folder.path, 'undisturbed'));
}, LONG);
afterAll(() => folder.remove());

it(
  'a backfill process killed with -9 is resumed with at most the piece in flight done twice, and every table as if nothing had happened',
  async () => {
    expect(measure.tables.size).toBeGreaterThan(300);
    expect([...measure.tables.keys()].some((key) => key.startsWith('nba_predictions.prediction_grades '))).toBe(true);
    const run = await resumeRun(template, measure, { home: join(folder.path, 'killed'), kills: 2, random: seededRandom(3) });
    expect(run.problems).toEqual([]);
    expect(run.kills.length).toBeGreaterThan(0);
  },
  LONG,
);
