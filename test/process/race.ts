import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulators } from '#test/cloud/emulators.ts';
import { KILL_MORNING, KILL_SLATE, makeTemplate } from './kill-home.ts';
import { raceClients, raceProcesses } from './race-run.ts';
import { startServe } from './serve-child.ts';
import { writeSuiteReport } from './suite-report.ts';

// npm run test:race -- [--rounds N] [--processes N] [--cloud] [--report FILE]: many start one slate at the same moment, and
// one batch must come of it. With --cloud, batches and messages are in the emulators of Firestore and Pub/Sub.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    processes: { type: 'string', default: '8' },
    cloud: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
});
const [rounds, processes] = [Number(values.rounds), Number(values.processes)];
if (!Number.isInteger(rounds) || !Number.isInteger(processes) || rounds < 1 || processes < 2)
  throw new Error('expected --rounds and --processes as whole numbers');

const folder = await mkdtemp(join(tmpdir(), 'tipoff-race-'));
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const emulators = values.cloud ? await startEmulators(['firestore', 'pubsub'], { say }) : undefined;
const [[firestore], [pubsub]] = [emulators?.at.firestore ?? [], emulators?.at.pubsub ?? []];
const cloud =
  firestore === undefined || pubsub === undefined ? undefined : { projectId: 'race', firestore, pubsub };
if (values.cloud && cloud === undefined)
  throw new Error('expected the emulators of Firestore and Pub/Sub, see above');
const problems: string[] = [];
let lost = 0;
try {
  const path =
    cloud === undefined ? join(folder, 'state.sqlite') : `firestore://${cloud.firestore}/${cloud.projectId}`;
  let began = performance.now();
  problems.push(...(await raceProcesses({ path, processes, rounds })));
  say(
    `${processes} processes, ${rounds} rounds for a batch and for its lease: ${problems.length} problems, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );

  if (problems.length > 0) lost += 1;

  const home = join(folder, 'home');
  await makeTemplate(home);
  began = performance.now();
  // Without workers a batch stays active, so that every client but one must be refused.
  const serve = await startServe(home, new Date(KILL_MORNING), 0, cloud);
  const before = problems.length;
  try {
    for (let round = 0; round < rounds; round++) {
      const found = await raceClients(processes, async () => {
        const answer = await serve.call('POST', '/start', { game_date: KILL_SLATE, mode: 'LAST_CALL' });
        const named =
          answer?.body['batch_id'] ??
          (answer?.body['details'] as { batch_id?: string } | undefined)?.batch_id;
        return { status: answer?.status ?? 0, batchId: typeof named === 'string' ? named : undefined };
      });
      problems.push(...found.map((text) => `HTTP round ${round + 1}: ${text}`));
      const reset = await serve.call('POST', '/reset', {
        game_date: KILL_SLATE,
        reason: 'next round',
        staged: 'discard',
      });
      const results = (reset?.body['results'] ?? []) as unknown[];
      if (reset?.status !== 200 || results.length !== 1)
        problems.push(`HTTP round ${round + 1}: reset ${JSON.stringify(reset)}`);
    }
  } finally {
    await serve.stop();
  }
  if (problems.length > before) lost += 1;
  say(
    `${processes} HTTP clients, ${rounds} rounds: ${problems.length - before} problems, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
} finally {
  emulators?.stop();
  await rm(folder, { recursive: true, force: true });
}
for (const problem of problems.slice(0, 20)) say(problem);
writeSuiteReport(values.report, { passed: 2 - lost, failed: lost });
process.exitCode = lost === 0 ? 0 : 1;
