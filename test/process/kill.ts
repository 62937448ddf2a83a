import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulators } from '#test/cloud/emulators.ts';
import { makeTemplate } from './kill-home.ts';
import { KILL_STEPS, killRun } from './kill-run.ts';
import { writeSuiteReport } from './suite-report.ts';

// npm run test:kill -- [--runs N] [--seed S] [--jobs N] [--keep] [--cloud] [--report FILE]: kills `serve` again and again, and
// demands that nothing is lost. Several runs go on at once, each with a home and processes of its own: a run mostly waits.
// With --cloud, batches and messages are in the emulators of Firestore and Pub/Sub.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
    cloud: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
});
const [runs, seed, jobs] = [Number(values.runs), Number(values.seed), Number(values.jobs)];
if (![runs, seed, jobs].every(Number.isInteger) || runs < 1 || jobs < 1)
  throw new Error('expected --runs, --seed and --jobs as whole numbers');

const folder = await mkdtemp(join(tmpdir(), 'tipoff-kill-'));
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const emulators = values.cloud ? await startEmulators(['firestore', 'pubsub'], { say }) : undefined;
const cloudOf = (run: number) => {
  const [[firestore], [pubsub]] = [emulators?.at.firestore ?? [], emulators?.at.pubsub ?? []];
  return firestore === undefined || pubsub === undefined
    ? {}
    : { cloud: { projectId: `kill-${seed}-${run}`, firestore, pubsub } };
};
if (values.cloud && cloudOf(0).cloud === undefined)
  throw new Error('expected the emulators of Firestore and Pub/Sub, see above');
let failed = 0;
let kills = 0;
const endings: Record<string, number> = {};
const began = performance.now();
try {
  const template = join(folder, 'template');
  await makeTemplate(template);
  say(
    `template home ready after ${((performance.now() - began) / 1000).toFixed(1)} s; ${runs} runs from seed ${seed}`,
  );
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < runs; i = next++) await one(template, i);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, runs) }, work));
} finally {
  emulators?.stop();
  if (!values.keep || failed === 0) await rm(folder, { recursive: true, force: true });
}
say(
  `${runs} runs, ${kills} kills, ${failed} failed, ${((performance.now() - began) / 1000).toFixed(0)} s; batches: ${JSON.stringify(endings)}`,
);
writeSuiteReport(values.report, { passed: runs - failed, failed });
process.exitCode = failed === 0 ? 0 : 1;

async function one(template: string, i: number): Promise<void> {
  const home = join(folder, `run-${i}`);
  // Every named step is the first kill of a run in turn; the seed decides the others.
  const step = KILL_STEPS[i % KILL_STEPS.length] ?? 'random';
  const run = await killRun({ template, home, seed: seed + i, step, ...cloudOf(i) });
  kills += run.kills;
  for (const state of run.states) endings[state] = (endings[state] ?? 0) + 1;
  const bad = run.problems.length > 0;
  say(
    `${bad ? 'FAIL' : 'ok  '} seed ${run.seed}: killed at ${run.steps.join(', ')} (${run.kills}) -> ${run.states.join(', ')} ${run.seconds.toFixed(1)} s`,
  );
  for (const problem of run.problems) say(`       ${problem}`);
  if (bad) failed += 1;
  if (!bad || !values.keep) await rm(home, { recursive: true, force: true });
}
