import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { addDays, parseSlate } from '#core/calendar.ts';
import { seededRandom } from '#core/random.ts';
import { type RunDoc, readRuns } from '#guard/backfill/ledger.ts';
import { virtualClock } from '#platform/clock.ts';
import { playsAll } from '#test/depth.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { backfillProcess } from './resume-child.ts';
import { makeResumeTemplate, RESUME_NOW, type ResumeTemplate } from './resume-home.ts';
import { resumeRun, undisturbed } from './resume-run.ts';

// Processes are started, killed and waited for, again and again.
const LONG = 300_000;
/** A backfill of a few weeks has pieces enough to be interrupted between two of them. */
const WEEKS = 3;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let template: ResumeTemplate;
beforeAll(async () => {
  folder = await temporaryFolder();
  template = await makeResumeTemplate(join(folder.path, 'template'));
}, LONG);
afterAll(() => folder.remove());

/** The newest run as the ledger of a home has it, once nobody is at it. */
async function lastRun(home: string): Promise<RunDoc | undefined> {
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'test',
    clock: virtualClock(RESUME_NOW),
    write: () => undefined,
  });
  try {
    return (await readRuns(app.state)).at(-1);
  } finally {
    await app.close();
  }
}

// What a kill leaves behind is shown within one process as well (`test/guard/backfill/resume.test.ts`), and with servers.
it.skipIf(!playsAll)(
  `${playsAll ? '' : 'played by npm run test:all: '}a backfill process killed with -9 is resumed with at most the piece in flight done twice, and every table as if nothing had happened`,
  async () => {
    const measure = await undisturbed(template, join(folder.path, 'undisturbed'));
    expect(measure.tables.size).toBeGreaterThan(300);
    expect(
      [...measure.tables.keys()].some((key) => key.startsWith('nba_predictions.prediction_grades ')),
    ).toBe(true);
    const run = await resumeRun(template, measure, {
      home: join(folder.path, 'killed'),
      kills: 2,
      random: seededRandom(3),
    });
    expect(run.problems).toEqual([]);
    expect(run.kills.length).toBeGreaterThan(0);
  },
  LONG,
);

it(
  'a backfill that is interrupted ends after the piece at hand, says how to go on, and is no longer running; nor is one that was killed',
  async () => {
    const to = addDays(parseSlate(template.from), WEEKS * 7);
    const args = ['run', '--from', template.from, '--to', to, '--chunk', 'month'];
    const [interrupted, killed] = [join(folder.path, 'interrupted'), join(folder.path, 'gone')];
    for (const home of [interrupted, killed]) await cp(template.home, home, { recursive: true });
    const end = await backfillProcess(interrupted, args, { pieces: 3, milliseconds: 0, signal: 'SIGINT' });
    expect(end).toMatchObject({ code: 1, report: { stopped: 'interrupted by SIGINT' } });
    expect(end.log).toContain('Stopping after the current chunk');
    expect(await lastRun(interrupted)).toMatchObject({ state: 'stopped', reason: 'interrupted by SIGINT' });
    await backfillProcess(killed, args, { pieces: 3, milliseconds: 0 });
    expect(await lastRun(killed)).toMatchObject({ state: 'stopped', reason: 'its process died' });
    const resumed = await backfillProcess(interrupted, ['resume']);
    expect(resumed).toMatchObject({ code: 0, report: { stopped: null } });
    expect(resumed.pieces).toBeGreaterThan(0);
    expect(await lastRun(interrupted)).toMatchObject({ state: 'finished', reason: null });
  },
  LONG,
);
