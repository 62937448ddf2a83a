import { addDays, easternInstant, slateOf } from '#core/calendar.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import type { Canary, CanaryResult } from '#guard/canaries/definition.ts';
import {
  askAll,
  changed,
  type Drill,
  type DrillContext,
  type DrillOutcome,
  defineDrill,
} from '#guard/drills/drill.ts';
import { alert } from '#guard/incidents/alert.ts';
import { openOutbox } from '#platform/notify/outbox.ts';
import type { Notifier } from '#platform/notify/port.ts';

const YESTERDAY = 'fn.add_days(CAST(@slate AS DATE), -1)';
const NO_BOX_SCORES = {
  sql: [
    `DELETE FROM nba_raw.player_box_scores WHERE slate = ${YESTERDAY}`,
    `DELETE FROM nba_analytics.player_game_summary WHERE slate = ${YESTERDAY}`,
    `DELETE FROM nba_analytics.team_game_summary WHERE slate = ${YESTERDAY}`,
    `DELETE FROM nba_predictions.prediction_grades WHERE slate = ${YESTERDAY}`,
    `UPDATE nba_reference.schedule SET status = 'scheduled' WHERE slate = ${YESTERDAY}`,
  ],
} as const;

/** Alarms that cried wolf, and alarms that could not cry. */
export const ALARM_DRILLS: readonly Drill[] = [
  defineDrill({
    id: 'too-early',
    incident: 'I140',
    date: '2026-02-02',
    happened:
      'A critical alarm said each evening that data was missing which the provider publishes the next morning.',
    guard: 'box_scores_missing',
    beside: ['schedule_status_stale'],
    isNoise: true,
    replay: changed('nothing of last night has arrived an hour after midnight', NO_BOX_SCORES, (context) =>
      easternInstant(slateOf(context.asOf), '01:00'),
    ),
    twin: changed(
      'nothing of last night has arrived at a quarter past ten in the morning',
      NO_BOX_SCORES,
      (context) => easternInstant(slateOf(context.asOf), '10:20'),
    ),
  }),
  defineDrill({
    id: 'expected-empties',
    incident: 'I144',
    date: '2025-12 to 2026-04',
    happened: 'Fifty-four alarms a day through breaks and the off-season, when nothing was to be expected.',
    guard: 'prediction_gap',
    isNoise: true,
    replay: changed('nobody predicts the day after the last game', noPredictions(), (context) =>
      easternInstant(addDays(slateOf(context.asOf), 1), '08:00'),
    ),
    twin: changed('nobody predicts a game day', noPredictions()),
  }),
  defineDrill({
    id: 'alarm-that-cannot-run',
    incident: 'I133',
    date: '2026-04-17',
    happened: 'A check asked for columns that do not exist and could never fail.',
    guard: 'broken_check',
    replay: {
      what: 'a check asks for a column that does not exist',
      play: (context) =>
        askAll(context, context.asOf, [
          withMissingColumn({ ...canaryNamed('prediction_gap'), id: 'broken_check' }),
        ]),
    },
    twin: {
      what: 'the same check asks for columns that exist',
      play: (context) =>
        askAll(context, context.asOf, [{ ...canaryNamed('prediction_gap'), id: 'broken_check' }]),
    },
  }),
  defineDrill({
    id: 'forty-eight-reposts',
    incident: 'I132',
    date: '2026-02-11',
    happened: 'One known failure was posted 48 times a day and buried a day without summaries.',
    guard: 'second message',
    isNoise: true,
    replay: {
      what: 'one warning is seen by 48 runs of a day',
      play: (context) => messages(context, ['known']),
    },
    twin: { what: 'another failure joins it', play: (context) => messages(context, ['known', 'new']) },
  }),
];

/** The check with a column that no table has. Such a text in the code would be refused on every pull request. */
function withMissingColumn(canary: Canary): Canary {
  if (!('sql' in canary.look)) throw new Error(`expected a check that asks by SQL, saw ${canary.id}`);
  return {
    ...canary,
    look: { ...canary.look, sql: canary.look.sql.replaceAll('g.games', 'g.no_such_column') },
  };
}

/** The day's predictions, and those of the day before, were never made. */
function noPredictions() {
  const days = 'slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)';
  return {
    sql: [
      `DELETE FROM nba_predictions.publications WHERE ${days}`,
      `DELETE FROM nba_predictions.player_prop_predictions WHERE ${days}`,
    ],
  } as const;
}

/** Forty-eight runs over one day see the first failure, and the last half of them the others; tells of every message beyond the first. */
async function messages(
  context: DrillContext,
  failing: readonly [string, ...string[]],
): Promise<DrillOutcome> {
  const state = context.scratch();
  const sent: string[] = [];
  let now = context.asOf.getTime();
  const clock = { ...context.clock, now: () => new Date(now) };
  const outbox = openOutbox({ state, clock, notifier: countingNotifier(sent), runId: 'drill' });
  for (let i = 0; i < 48; i++) {
    const seen = i < 24 ? failing.slice(0, 1) : failing;
    const slate = slateOf(context.asOf);
    const run = {
      run_id: `drill-${i}`,
      slate,
      as_of: clock.now(),
      results: seen.map((id) => failureOf(id, slate)),
    };
    await alert({ state, clock, outbox }, [run], { digest: false });
    now += 30 * 60_000 - 60_000;
  }
  return {
    alerted: sent.length > 1 ? ['second message'] : [],
    said: `${sent.length} messages: ${sent.join('; ')}`,
  };
}

function failureOf(id: string, slate: string): CanaryResult {
  return {
    check: id,
    phase: 'precompute',
    severity: 'warning',
    status: 'fail',
    question: 'Is all well?',
    seen: 0,
    expected: 'everything well',
    offenders: ['thing'],
    offender_count: 1,
    slate,
    repair: 'tipoff day',
    runbook: 'docs/runbooks/quality_ready.md',
    owner: 'data',
    reason: 'thing: not well',
    depends_on: [],
    explains: [],
    bytes: null,
    ms: 0,
  };
}

function countingNotifier(sent: string[]): Notifier {
  const ref = (id: string) => ({ channel: 'drill', id });
  return {
    owns: () => true,
    send: async ({ key, title }) => {
      sent.push(title);
      return ref(key);
    },
    reply: async (_thread, { key, title }) => {
      sent.push(title);
      return ref(key);
    },
    update: async () => undefined,
    find: async () => undefined,
  };
}
