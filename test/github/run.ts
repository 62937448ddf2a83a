import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import type { App } from '#app/compose.ts';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import { writeSuiteReport } from '#test/process/suite-report.ts';
import { findAct } from './act.ts';
import { runDayWorkflow } from './run-day.ts';
import { openWorld, runAt, type World } from './world.ts';

// npm run test:github -- [--days N] [--kills] [--act | --pocket] [--report FILE]: the day.yml of this checkout on the simulated league,
// against fakes of GitHub and Slack. Every run begins on an empty machine. With --kills one day is killed at each of its steps and
// run again. It runs in nektos/act where that is here (--act builds it), otherwise in the pocket runner.
const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '5' },
    kills: { type: 'boolean', default: false },
    act: { type: 'boolean', default: false },
    pocket: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
});
const DAYS = Number(values.days);
/** The last of five consecutive evenings with games. */
const LAST = parseSlate('2024-11-30');
/** Steps that do something, in the order of the job. */
const STEPS = ['Restore', 'Fetch', 'Day', 'Canaries', 'Site', 'Save', 'Tell people of the day'];

const found = values.pocket ? undefined : findAct({ build: values.act });
const act = typeof found === 'object' ? found : undefined;

let undisturbed: DayFacts | undefined;

interface DayFacts {
  readonly games: number;
  /** Visible rows of the slate, and how many of them are twice there. */
  readonly predictions: number;
  readonly doubled: number;
  /** Rows that were published at or after the first tip-off. */
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
       (SELECT COUNT(*) FROM nba_predictions.publications p WHERE p.slate = CAST(@slate AS DATE) AND p.event = 'published' AND p.event_at >=
         (SELECT MIN(tipoff_at) FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE))) AS late,
       (SELECT COUNT(*) FROM nba_predictions.prediction_grades WHERE slate = CAST(@before AS DATE)) AS graded,
       (SELECT COUNT(*) - COUNT(DISTINCT prediction_id) FROM nba_predictions.prediction_grades WHERE slate = CAST(@before AS DATE)) AS gradedTwice`,
    { slate, before: addDays(slate, -1) },
  );
  assert(facts !== undefined);
  return facts;
}

/** Messages by cause: the check of an incident, whatever minute it began in, or the key of anything else. */
function messagesOf({ slack }: World): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key = 'no key' } of slack.top()) {
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

/** Consecutive days, each on an empty machine. An incident of the first day lives on to the last, with the time of its beginning. */
async function days(): Promise<number> {
  const first = addDays(LAST, 1 - DAYS);
  const world = await openWorld(first);
  try {
    let opened = new Map<string, string>();
    for (let slate = first; slate <= LAST; slate = addDays(slate, 1)) {
      await world.goOn(runAt(slate));
      const ran = await runDayWorkflow(world, runAt(slate), { act });
      assert(ran.steps.includes('Save'), `${slate}: the home was not saved\n${ran.log.slice(-4000)}`);
      const facts = await demand(world, slate);
      undisturbed = facts;
      const open = await openIncidents(world);
      say(
        `${slate}: ${JSON.stringify(facts)}; open: ${[...open].map((one) => one.join(' since ')).join(', ')}; ${world.slack.top().length} messages`,
      );
      // The home was made by another version: the first run mends that.
      if (slate === first) opened = new Map([...open].filter(([check]) => check !== 'deployed_version'));
      assert(
        opened.size > 0 && world.slack.top().length > 0,
        'providers that nobody can reach are no incident',
      );
      for (const [check, since] of opened)
        assert.equal(open.get(check), since, `${slate}: ${check} was forgotten`);
    }
    return DAYS;
  } finally {
    await world.close();
  }
}

/**
 * One day whose job is killed at each of its steps, one after the other on empty machines, and then runs: what it leaves is what
 * an undisturbed run leaves.
 */
async function kills(): Promise<number> {
  const world = await openWorld(LAST);
  try {
    await world.goOn(runAt(LAST));
    for (const step of STEPS) {
      const killed = await runDayWorkflow(world, runAt(LAST), { act, killAt: step });
      assert(killed.steps.includes(step) && killed.code !== 0, `the job went on after ${step}`);
      say(
        `killed at ${step}: ${world.github.releases.assets().length} files saved, ${world.slack.top().length} messages`,
      );
    }
    await runDayWorkflow(world, runAt(LAST), { act });
    const facts = await demand(world, LAST);
    assert.deepEqual(facts, undisturbed);
    say(`and run to its end: ${JSON.stringify(facts)}, ${world.slack.top().length} messages`);
    return STEPS.length;
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
for (const part of [days, ...(values.kills ? [kills] : [])]) {
  try {
    passed += await part();
  } catch (error) {
    failed += 1;
    say(`FAILED: ${error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error)}`);
  }
}
say(`${passed} runs as they should be, ${failed} parts failed`);
writeSuiteReport(values.report, { passed, failed });
if (failed > 0) process.exitCode = 1;
