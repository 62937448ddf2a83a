import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '#core/random.ts';
import { type BatchDoc, isActive, listBatches, readUnits, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import type { Clock } from '#platform/clock.ts';
import { homePaths } from '#platform/home.ts';
import type { Queue } from '#platform/queue/port.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { type CloudState, openCloudState } from './cloud-state.ts';
import { copyTemplate, KILL_MORNING, KILL_SLATE } from './kill-home.ts';
import { checkHome } from './kill-invariants.ts';
import { type ServeChild, startServe } from './serve-child.ts';

/** Where a run kills: at a step of the batch as soon as it is seen, or after a time. */
export const KILL_STEPS = [
  'random',
  'created',
  'dispatching',
  'running',
  'first unit',
  'half the units',
  'all units',
  'consolidating',
  'in consolidation',
  'ended',
] as const;
type KillStep = (typeof KILL_STEPS)[number];

export interface KillRun {
  readonly seed: number;
  readonly steps: readonly KillStep[];
  readonly kills: number;
  /** How the batches of the slate ended. */
  readonly states: readonly string[];
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Time of the run: it passes at the pace of the wall clock, and jumps ahead while the service is down. */
interface RunClock extends Clock {
  jump(seconds: number): void;
}

/** Time that passes before each further restart, when a batch does not end by itself: leases run out, limits are reached. */
const DOWNTIMES_TO_THE_END = [0, 65, 65, 310, 310, 1900, 1900, 1900];
const PATIENCE_MILLISECONDS = 10_000;
/** Without any change for so long, a service waits for a time that only a jump of the clock brings. Longer with each restart. */
const QUIET_MILLISECONDS = 800;
/** About as long as an attempt to publish takes here. */
const CONSOLIDATION_MILLISECONDS = 120;
const DOWNTIMES = [0, 65, 310, 1900];
const WORKERS = 3;
/** How much longer a step takes over the emulators. */
const CLOUD_PACE = 5;

/**
 * One run: `serve` over a copy of the template home is started, told to predict, and killed at one to three points that the
 * seed decides, with duplicates, delays and stolen leases in its queue; then it is left alone, must end every batch, accept
 * the next start, and drain on SIGTERM. What is wrong afterwards is in `problems`.
 */
export async function killRun(options: {
  readonly template: string;
  readonly home: string;
  readonly seed: number;
  readonly step?: KillStep;
  /** Batches and messages are there, and the warehouse in the home; all in the home when absent. */
  readonly cloud?: CloudState;
}): Promise<KillRun> {
  const began = performance.now();
  const { home, seed, cloud } = options;
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[], fallback: T): T =>
    items[Math.floor(random() * items.length)] ?? fallback;
  const clock = runClock(KILL_MORNING);
  await copyTemplate(options.template, home);
  const paths = homePaths(home);
  const { state, queue } =
    cloud === undefined
      ? { state: openSqliteState(paths.state, { clock }), queue: openSqliteQueue(paths.state, { clock }) }
      : openCloudState(cloud, clock);
  const pace = cloud === undefined ? 1 : CLOUD_PACE;
  const problems: string[] = [];
  const steps: KillStep[] = [];
  let kills = 0;
  let serve = await startServe(home, clock.now(), WORKERS, cloud);
  const restart = async (downtime: number): Promise<void> => {
    await serve.kill();
    kills += 1;
    clock.jump(downtime);
    serve = await startServe(home, clock.now(), WORKERS, cloud);
  };
  try {
    const wanted = 1 + Math.floor(random() * 3);
    let starting = startBatch(serve);
    for (let kill = 0; kill < wanted; kill++) {
      const step = kill === 0 && options.step !== undefined ? options.step : pick(KILL_STEPS, 'random');
      steps.push(step);
      await Promise.all([
        waitFor(step, state, random),
        mischief(state, queue, random),
        operate(serve, state, random),
      ]);
      await restart(pick(DOWNTIMES, 0));
      await starting;
      // The caller of a request that died asks what became of it, and starts again if nothing did.
      starting = (await listBatches(state, KILL_SLATE)).length === 0 ? startBatch(serve) : Promise.resolve();
    }
    await starting;
    for (let round = 0; !(await isOver(state, QUIET_MILLISECONDS * pace * (round + 1))); round++) {
      const downtime = DOWNTIMES_TO_THE_END[round];
      if (downtime === undefined)
        throw new Error(`still not over after ${kills} restarts: ${await describe(state)}`);
      await restart(downtime);
    }
    problems.push(...(await nextStart(serve, state)));
    await lateDeliveries(queue);
    const code = await serve.stop();
    if (code !== 0) problems.push(`SIGTERM: expected exit code 0, saw ${code}`);
  } catch (error) {
    problems.push(`${error instanceof Error ? error.message : String(error)}\n${serve.log().slice(-4000)}`);
  } finally {
    await serve.kill();
  }
  try {
    const verdict = await checkHome(home, clock, cloud === undefined ? undefined : state);
    // Whatever became of the first batch, the one started after it all is published.
    const last = verdict.states.at(-1);
    if (last?.startsWith('published') !== true)
      problems.push(`expected the last batch as published, saw it ${last ?? 'nowhere'}`);
    return {
      seed,
      steps,
      kills,
      states: verdict.states,
      problems: [...problems, ...verdict.problems],
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await queue.close();
    await state.close();
  }
}

async function startBatch(serve: ServeChild): Promise<void> {
  const answer = await serve.call('POST', '/start', { game_date: KILL_SLATE, mode: 'LAST_CALL' });
  if (answer !== undefined && ![200, 202, 409].includes(answer.status))
    throw new Error(`/start answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** What a person may do meanwhile: close the batch at once, or reset it, with any fate of its staged rows. */
async function operate(serve: ServeChild, state: StateStore, random: () => number): Promise<void> {
  if (random() > 0.4) return;
  const deadline = performance.now() + 1500;
  while ((await latest(state)) === undefined && performance.now() < deadline) await sleep(2);
  await sleep(random() * 400);
  const staged = (['keep', 'publish', 'discard'] as const)[Math.floor(random() * 3)];
  if (random() < 0.6) await serve.call('POST', '/check-stalled', { max_batch_age_minutes: 0.0001 });
  else await serve.call('POST', '/reset', { game_date: KILL_SLATE, reason: 'an operator', staged });
}

/** Waits until what is late in the queue has come, so that it can do its harm. */
async function lateDeliveries(queue: Queue): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  while ((await queue.depth(UNIT_TOPIC)) > 0 && performance.now() < deadline) await sleep(50);
}

/** After everything has ended the slate takes another batch, and that one ends too. */
async function nextStart(serve: ServeChild, state: StateStore): Promise<string[]> {
  const answer = await serve.call('POST', '/start', { game_date: KILL_SLATE, mode: 'LINE_UPDATE' });
  if (answer?.status === 202 && !(await isOver(state)))
    return [`the next batch did not end: ${await describe(state)}`];
  return answer?.status === 200 || answer?.status === 202
    ? []
    : [`the next start was answered ${answer?.status}: ${JSON.stringify(answer?.body)}`];
}

async function latest(state: StateStore): Promise<BatchDoc | undefined> {
  return (await listBatches(state, KILL_SLATE)).at(-1);
}

/** Waits until the step is seen, some moments more where the step says so, or until it can no longer come. */
async function waitFor(step: KillStep, state: StateStore, random: () => number): Promise<void> {
  if (step === 'random') return sleep(random() * 900);
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  while (performance.now() < deadline) {
    const batch = await latest(state);
    if (batch !== undefined && (await isAt(step, batch, state))) {
      if (step === 'in consolidation') await sleep(random() * CONSOLIDATION_MILLISECONDS);
      return;
    }
    if (batch !== undefined && !isActive(batch.state)) return;
    await sleep(2);
  }
}

const ORDER: readonly BatchDoc['state'][] = ['created', 'dispatching', 'running', 'consolidating'];

async function isAt(step: KillStep, batch: BatchDoc, state: StateStore): Promise<boolean> {
  if (step === 'ended') return !isActive(batch.state);
  const reached = ORDER.indexOf(batch.state);
  if (step === 'created' || step === 'dispatching' || step === 'running' || step === 'consolidating')
    return reached >= ORDER.indexOf(step);
  if (step === 'in consolidation') return batch.state === 'consolidating' && batch.attempts > 0;
  const units = await readUnits(state, batch.batch_id);
  const done = units.filter((unit) => unit.state === 'done').length;
  if (step === 'first unit') return done >= 1;
  return done >= (step === 'half the units' ? units.length / 2 : units.length);
}

/** What a careless network and dying workers do to a queue: units come twice and late, messages are stolen for a while, some are nonsense. */
async function mischief(state: StateStore, queue: Queue, random: () => number): Promise<void> {
  const deadline = performance.now() + 1500;
  while (performance.now() < deadline) {
    const batch = await latest(state);
    const units = batch === undefined ? [] : await readUnits(state, batch.batch_id);
    for (const { batch_id, unit_id } of units) {
      if (random() < 0.4)
        await queue.publish(UNIT_TOPIC, [{ batch_id, unit_id }], { delaySeconds: random() * 3 });
    }
    if (random() < 0.3) await queue.publish(UNIT_TOPIC, [{ nonsense: Math.floor(random() * 1000) }]);
    // A worker that takes a message and dies: nobody hears of it until its lease is over.
    if (random() < 0.5) await queue.pull(UNIT_TOPIC, 2, 1 + random() * 2);
    if (units.length > 0) return;
    await sleep(5);
  }
}

/** Waits until every batch has ended; false when nothing has changed for a while. */
async function isOver(state: StateStore, quiet: number = PATIENCE_MILLISECONDS): Promise<boolean> {
  let [seen, since] = ['', performance.now()];
  while (performance.now() - since < quiet) {
    const batches = await listBatches(state, KILL_SLATE);
    if (batches.length > 0 && batches.every((batch) => !isActive(batch.state))) return true;
    const now = JSON.stringify(batches);
    if (now !== seen) [seen, since] = [now, performance.now()];
    await sleep(10);
  }
  return false;
}

async function describe(state: StateStore): Promise<string> {
  return JSON.stringify(
    (await listBatches(state, KILL_SLATE)).map(({ batch_id, state: at, reason }) => [batch_id, at, reason]),
  );
}

function runClock(start: string): RunClock {
  const began = performance.now();
  let jumped = 0;
  return {
    now: () => new Date(Date.parse(start) + performance.now() - began + jumped * 1000),
    sleep: async (milliseconds) => sleep(milliseconds),
    jump: (seconds) => {
      jumped += seconds;
    },
  };
}
