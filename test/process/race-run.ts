import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { addDays, parseSlate } from '#core/calendar.ts';
import { listBatches, move } from '#pipeline/batch/state.ts';
import { systemClock } from '#platform/clock.ts';
import { openRaceState } from './cloud-state.ts';
import type { RaceAnswer, RaceTask } from './race-child.ts';

const CHILD = fileURLToPath(new URL('./race-child.ts', import.meta.url));

/**
 * Processes race on one state store, round by round: first for the batch of a slate, then for the lease to publish it.
 * Each round must give exactly one batch, whose id every loser is told, and tokens that all differ, of which only the newest
 * still holds. Returns what was wrong.
 */
export async function raceProcesses(options: {
  /** File of a SQLite store, or `firestore://host:port/project` of an emulator. */
  readonly path: string;
  readonly processes: number;
  readonly rounds: number;
}): Promise<string[]> {
  const state = openRaceState(options.path, systemClock);
  const children = Array.from({ length: options.processes }, () =>
    fork(CHILD, [options.path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  const problems: string[] = [];
  try {
    await Promise.all(children.map(answerOf));
    for (let round = 0; round < options.rounds; round++) {
      const slate = addDays(parseSlate('2025-02-01'), round);
      const say = (text: string): void => {
        problems.push(`round ${round + 1}: ${text}`);
      };
      const starts = await ask(children, { kind: 'start', slate });
      const winners = starts.flatMap((answer) => ('won' in answer ? [answer.won] : []));
      const [winner] = winners;
      const batches = await listBatches(state, slate);
      if (winners.length !== 1 || batches.length !== 1)
        say(`${winners.length} winners, ${batches.length} batches`);
      if (typeof winner !== 'string') continue;
      const losers = starts.filter(
        (answer) => !('won' in answer) && answer.code === 'TIPOFF_BATCH_ACTIVE' && answer.batchId === winner,
      );
      if (losers.length !== options.processes - 1) say(`losers were told ${JSON.stringify(starts)}`);

      await move({ state, clock: systemClock }, winner, ['created'], 'consolidating', { by: 'race' });
      const leases = await ask(children, { kind: 'lease', slate, batchId: winner });
      const tokens = leases.flatMap((answer) => ('won' in answer ? [Number(answer.won)] : []));
      if (new Set(tokens).size !== options.processes) say(`tokens ${JSON.stringify(leases)}`);
      const renewed = await ask(children, { kind: 'renew' });
      const holders = renewed.flatMap((answer) => ('won' in answer ? [answer.won] : []));
      if (holders.length !== 1 || holders[0] !== Math.max(...tokens))
        say(`holders ${JSON.stringify(renewed)}`);
    }
  } finally {
    await Promise.all(children.map(end));
    await state.close();
  }
  return problems;
}

async function ask(children: readonly ChildProcess[], task: RaceTask): Promise<RaceAnswer[]> {
  const answers = children.map(answerOf);
  for (const child of children) child.send(task);
  return Promise.all(answers);
}

async function answerOf(child: ChildProcess): Promise<RaceAnswer> {
  const gone = new AbortController();
  const died = once(child, 'exit', { signal: gone.signal }).then(
    () => ({ code: `the process died (${child.exitCode})`, batchId: undefined }),
    () => new Promise<never>(() => undefined),
  );
  const answer = await Promise.race([
    once(child, 'message').then(([message]) => message as RaceAnswer),
    died,
  ]);
  gone.abort();
  return answer;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
}

/** Posts a start at once by several clients; what came back, as status and batch id. */
export type StartCall = () => Promise<{ readonly status: number; readonly batchId: string | undefined }>;

/** Clients race on `/start`; exactly one gets 202, and all others 409 with its batch. Returns what was wrong. */
export async function raceClients(clients: number, start: StartCall): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: clients }, start));
  const winners = answers.filter(({ status }) => status === 202);
  const losers = answers.filter(({ status, batchId }) => status === 409 && batchId === winners[0]?.batchId);
  return winners.length === 1 && losers.length === clients - 1 ? [] : [`answers ${JSON.stringify(answers)}`];
}
