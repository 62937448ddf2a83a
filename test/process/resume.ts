import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '#core/random.ts';
import { makeResumeTemplate } from './resume-home.ts';
import { resumeRun, undisturbed } from './resume-run.ts';
import { writeSuiteReport } from './suite-report.ts';

// npm run test:resume -- [--kills N] [--per-season N] [--seed S] [--keep] [--report FILE]: kills the backfill of a season again
// and again, and demands that resuming gives what an undisturbed run gives.
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    'per-season': { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
});
const [wanted, perSeason, seed] = [Number(values.kills), Number(values['per-season']), Number(values.seed)];
if (![wanted, perSeason, seed].every(Number.isInteger) || wanted < 1 || perSeason < 1) {
  throw new Error('expected --kills, --per-season and --seed as whole numbers');
}

const folder = await mkdtemp(join(tmpdir(), 'tipoff-resume-'));
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const began = performance.now();
const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;
let [kills, redone, failed, seasons] = [0, 0, 0, 0];
try {
  const template = await makeResumeTemplate(join(folder, 'template'));
  const measure = await undisturbed(template, join(folder, 'undisturbed'));
  say(
    `undisturbed: ${measure.pieces} pieces of work, ${measure.tables.size} tables by slate, ready after ${seconds()}`,
  );
  const random = seededRandom(seed);
  while (kills < wanted) {
    const home = join(folder, `season-${seasons}`);
    const run = await resumeRun(template, measure, {
      home,
      kills: Math.min(perSeason, wanted - kills),
      random,
    });
    const points = run.kills.map(({ pieces, milliseconds }) => `${pieces}+${milliseconds} ms`).join(', ');
    say(
      `${run.problems.length === 0 ? 'ok  ' : 'FAIL'} season ${seasons}: ${run.kills.length} kills (${points}), ${run.redone} redone, ${seconds()}`,
    );
    for (const problem of run.problems) say(`       ${problem}`);
    seasons += 1;
    kills += run.kills.length;
    redone += run.redone;
    if (run.problems.length > 0) failed += 1;
    if (run.problems.length === 0 || !values.keep) await rm(home, { recursive: true, force: true });
  }
} finally {
  if (!values.keep || failed === 0) await rm(folder, { recursive: true, force: true });
}
say(
  `${kills} kills in ${seasons} seasons, ${redone} pieces of work redone, ${failed} seasons failed, ${seconds()}`,
);
writeSuiteReport(values.report, { passed: seasons - failed, failed });
process.exitCode = failed === 0 ? 0 : 1;
