import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import type { App } from '#app/compose.ts';
import { addDays, easternInstant, easternTime, parseSlate, type Slate } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import { writeSuiteReport } from '#test/process/suite-report.ts';
import { findAct } from './act.ts';
import { runDayWorkflow } from './run-day.ts';
import { openWorld, runAt, type World } from './world.ts';

// npm run test:github -- [--days N] [--kills [--step NAME]…] [--act | --pocket] [--report FILE]: the day.yml of this checkout on the simulated league,
// against fakes of GitHub and Slack. Every run begins on an empty machine. With --kills one day is killed at each of its steps and
// run again. It runs in nektos/act where that is here (--act builds it), otherwise in the pocket runner.
const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '5' },
    kills: { type: 'boolean', default: false },
    step: { type: 'string', multiple: true },
    act: { type: 'boolean', default: false },
    pocket: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
});
const DAYS = Number(values.days);
/** The last of five consecutive evenings with games. */
const LAST = parseSlate('2024-11-30');
const found = values.pocket ? undefined : findAct({ build: values.act });
const act = typeof found === 'object' ? found : undefined;

interface DayFacts {
  readonly games: number;
  /** Visible rows of the slate, and how many of them are twice there. */
  readonly predictions: number;
  readonly doubled: number;
  /** Visible rows that were published at or after the tip-off of their game. */
  readonly late: number;
  /** Visible rows of the slate before, and graded ones. */
  readonly before: number;
  readonly graded: number;
  readonly gradedTwice: number;
}

async function factsOf({ warehouse }: App, slate: Slate): Promise<DayFacts> {
  const [facts] = await warehouse.query<Record<keyof DayFacts, number>>(
    `SELECT
       (SELECT COUNT(*) FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE)) AS games,
       (SELECT COUNT(*) FROM nba_predictions.current_predictions WHERE slate = CAST(@before AS DATE)) AS before,
       (SELECT COUNT(*) FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)) AS predictions,
       (SELECT COUNT(*) - COUNT(DISTINCT prediction_id) FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)) AS doubled,
       (SELECT COUNT(*) FROM nba_predictions.current_predictions p JOIN nba_reference.counted_games g ON g.game_id = p.game_id
         WHERE p.slate = CAST(@slate AS DATE) AND p.published_at >= g.tipoff_at) AS late,
       (SELECT COUNT(*) FROM nba_predictions.prediction_grades WHERE slate = CAST(@before AS DATE)) AS graded,
       (SELECT COUNT(*) - COUNT(DISTINCT prediction_id) FROM nba_predictions.prediction_grades WHERE slate = CAST(@before AS DATE)) AS gradedTwice`,
    { slate, before: addDays(slate, -1) },
  );
  assert(facts !== undefined);
  return facts;
}

/** Messages about something that is or was wrong: all but the digest of a day. */
const alarmsOf = ({ slack }: World) => slack.top().filter(({ key }) => key?.startsWith('digest:') !== true);

/** Alarms by cause: the check of an incident, whatever minute it began in, or the key of anything else. */
function messagesOf(world: World): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key = 'no key' } of alarmsOf(world)) {
    const [cause = key] = key.split('@');
    counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return counts;
}

/** The day is predicted in time, the one before is graded, nothing is there twice, and no cause has two messages. */
async function demand(world: World, slate: Slate): Promise<DayFacts> {
  const facts = await world.look((app) => factsOf(app, slate));
  assert.equal(facts.predictions > 0, facts.games > 0, `${slate}: ${JSON.stringify(facts)}`);
  assert.equal(
    facts.graded > 0,
    facts.before > 0,
    `${slate}: the day before was not graded: ${JSON.stringify(facts)}`,
  );
  assert.deepEqual(
    [facts.doubled, facts.late, facts.gradedTwice],
    [0, 0, 0],
    `${slate}: ${JSON.stringify(facts)}`,
  );
  assert.deepEqual(
    [...messagesOf(world)].filter(([, count]) => count > 1),
    [],
    `${slate}: two messages for one cause`,
  );
  return facts;
}

/** What an undisturbed day leaves after its run at noon, and the steps that it took. */
interface Undisturbed {
  readonly facts: DayFacts;
  readonly steps: readonly string[];
}

/** The instants before the tip-offs of a slate at which statuses and lines are heard for the last time. */
async function lastCalls(world: World, slate: Slate): Promise<Date[]> {
  const games = await world.look(({ warehouse }) =>
    warehouse.query<{ tipoff_at: string }>(
      'SELECT DISTINCT tipoff_at FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE) ORDER BY tipoff_at',
      { slate },
    ),
  );
  return games.map(({ tipoff_at }) => new Date(Date.parse(tipoff_at) - 20 * 60_000));
}

/** Nothing is open, and of all alarms that ever were, as many as are said are there, edited to their end. */
async function demandPeace(world: World, slate: Slate, alarms: number): Promise<void> {
  assert.deepEqual([...(await openIncidents(world)).keys()], [], `${slate}: a healthy day has incidents`);
  const texts = alarmsOf(world).map(({ text }) => text);
  assert.equal(texts.length, alarms, `${slate}: ${texts.join('\n')}`);
  assert.deepEqual(
    texts.filter((text) => !text.includes('RESOLVED')),
    [],
    `${slate}: what is over is not said to be`,
  );
}

/**
 * Consecutive days, each run on an empty machine, at noon and before each tip-off: predicted in time, graded the next day, nothing
 * open, nobody told of anything but the digest. (Whoever runs at noon alone has findings: what was claimed of a player who is ruled
 * out in the evening stands.) With more than two days, nobody reaches a provider on the morning before the last one: an incident with one
 * message, which another machine closes.
 */
async function days(): Promise<{ readonly runs: number; readonly last: Undisturbed }> {
  const first = addDays(LAST, 1 - DAYS);
  const world = await openWorld(first);
  let [runs, alarms] = [0, 0];
  try {
    let last: Undisturbed | undefined;
    for (let slate = first; slate <= LAST; slate = addDays(slate, 1)) {
      if (DAYS > 2 && slate === addDays(LAST, -1)) {
        alarms = await outage(world, slate);
        runs += 1;
      }
      for (const at of [runAt(slate), ...(await lastCalls(world, slate))]) {
        await world.goOn(at);
        const { steps, log } = await runDayWorkflow(world, at, { act });
        runs += 1;
        assert(steps.includes('Save'), `${slate}: the home was not saved\n${log.slice(-4000)}`);
        const facts = await demand(world, slate);
        await demandPeace(world, slate, alarms);
        say(`${slate} ${easternTime(at)}: ${JSON.stringify(facts)}; nothing open`);
        if (at.getTime() === runAt(slate).getTime()) last = { facts, steps };
      }
    }
    assert(last !== undefined);
    return { runs, last };
  } finally {
    await world.close();
  }
}

/** A morning on which no provider answers, a day after the last one did: incidents, each with one message. */
async function outage(world: World, slate: Slate): Promise<number> {
  const morning = easternInstant(slate, '09:37');
  await world.goOn(morning);
  world.providers.status = 503;
  await runDayWorkflow(world, morning, { act });
  world.providers.status = 304;
  const open = [...(await openIncidents(world)).keys()];
  const alarms = alarmsOf(world);
  assert(open.length > 0, `${slate}: providers that nobody can reach are no incident`);
  assert.equal(alarms.length, open.length, `${slate}: ${alarms.map(({ text }) => text).join('\n')}`);
  say(`${slate}, no provider answers: ${open.join(', ')} open, ${alarms.length} alarms`);
  return alarms.length;
}

/**
 * One day whose job is killed at each of its steps, one after the other on empty machines, and then runs: what it leaves is what
 * an undisturbed run leaves.
 */
async function kills({ facts: undisturbed, steps }: Undisturbed): Promise<number> {
  const world = await openWorld(LAST);
  try {
    await world.goOn(runAt(LAST));
    const points = values.step ?? steps;
    for (const step of points) {
      const killed = await runDayWorkflow(world, runAt(LAST), { act, killAt: step });
      // The last step takes a moment: on a busy machine the job is over before the kill arrives.
      const isOver = killed.code === 0 && step === steps.at(-1);
      assert(killed.steps.includes(step) && (killed.code !== 0 || isOver), `the job went on after ${step}`);
      say(
        `killed at ${step}${isOver ? ', which had ended' : ''}: ${world.github.releases.assets().length} files saved, ${alarmsOf(world).length} alarms`,
      );
    }
    await runDayWorkflow(world, runAt(LAST), { act });
    const facts = await demand(world, LAST);
    assert.deepEqual(facts, undisturbed);
    await demandPeace(world, LAST, 0);
    say(`and run to its end: ${JSON.stringify(facts)}`);
    return points.length;
  } finally {
    await world.close();
  }
}

const openIncidents = async ({ look }: World): Promise<Map<string, string>> =>
  new Map(
    (await look(({ state }) => listIncidents(state, 'open'))).map((one) => [one.fingerprint, one.opened_at]),
  );

const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(
  act === undefined
    ? `with the pocket runner: ${typeof found === 'string' ? found : '--pocket'}`
    : `with ${act.program}`,
);
let [passed, failed] = [0, 0];
try {
  const { runs, last } = await days();
  passed += runs;
  if (values.kills) passed += await kills(last);
} catch (error) {
  failed += 1;
  say(`FAILED: ${error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error)}`);
}
say(`${passed} runs as they should be, ${failed} failed`);
writeSuiteReport(values.report, { passed, failed });
if (failed > 0) process.exitCode = 1;
