import { DRILLS } from './catalogue/catalogue.ts';

/** Why an incident of the predecessor is no drill of its own. */
type Cover =
  /** The same damage is done by the mutants of this operator at this place. */
  | { readonly operator: string; readonly place: string }
  /** It cannot happen: the invariant, and where it is proven. */
  | { readonly invariant: string; readonly proof: string };

/** An incident of the predecessor that is no drill of its own. */
export interface CoveredIncident {
  readonly incident: string;
  readonly happened: string;
  readonly cover: Cover;
}

const mutant = (incident: string, happened: string, operator: string, place: string): CoveredIncident => ({
  incident,
  happened,
  cover: { operator, place },
});
const never = (incident: string, happened: string, invariant: string, proof: string): CoveredIncident => ({
  incident,
  happened,
  cover: { invariant, proof },
});

const STATE = 'test/pipeline/batch/model.test.ts';
const SCHEMA = 'test/guard/schema';
const AS_OF = 'test/pipeline/as-of.test.ts';
const GRAPH = 'test/pipeline/graph.test.ts';
const WAREHOUSE = 'test/contract/warehouse/replace-range.ts';
const BOX = 'nba_raw.player_box_scores';
const LINES = 'nba_raw.player_lines';
const FEATURES = 'nba_predictions.ml_feature_store';

/** Incidents without a drill of their own: the mutants that do the same damage, or the invariant that excludes it. */
export const COVERED: readonly CoveredIncident[] = [
  never(
    'I03',
    'After a reset the slate still refused new batches.',
    'A reset frees the slate in the transaction that closes the batch.',
    'test/pipeline/batch/reset.test.ts',
  ),
  never(
    'I05',
    'A merge took it for granted that staging and target have the same columns.',
    'Columns are matched by name, and a difference is refused before a row is written.',
    SCHEMA,
  ),
  never(
    'I07',
    'Completions were sent to a topic that did not exist.',
    'Topics are made or demanded when a process starts; a message that cannot be sent is an error.',
    'test/platform/queue/pubsub.test.ts',
  ),
  never(
    'I08',
    'Players who were ruled out never reported back, and the batch waited for them.',
    'Every expected player has exactly one outcome, and a skip is one.',
    STATE,
  ),
  never(
    'I09',
    'One malformed message kept the workers busy for days.',
    'A message has so many attempts and is then parked with its reason.',
    'test/contract/queue.ts',
  ),
  never(
    'I10',
    'A batch expected more players than its gate let through.',
    'The gate writes its skips as outcomes of the same expected set.',
    STATE,
  ),
  never(
    'I11',
    'Time limits were looked at only when something happened, so that a hang lasted for days.',
    'A sweeper closes what is silent or old, whatever happens.',
    'test/pipeline/batch/stall.test.ts',
  ),
  mutant(
    'I12',
    'The platform ended a start before anything was dispatched.',
    'killed job',
    'daily job at write 26',
  ),
  never(
    'I16',
    'A delete failed unheard and the insert went on.',
    'A range is replaced in one transaction, or not at all.',
    WAREHOUSE,
  ),
  mutant('I17', 'Exports made again wiped picks that had been published.', 'drop 30 %', 'export picks.json'),
  mutant('I18', 'Picks vanished when their model was switched off.', 'retired', 'registry status'),
  mutant(
    'I20',
    'A repair by hand rewrote weeks of picks without one derived value.',
    'null',
    'nba_predictions.player_prop_predictions.confidence',
  ),
  never(
    'I22',
    'Taking rows out of service forgot that there are several models.',
    'What is visible follows from whole publications and from withdrawals by player and market.',
    'test/pipeline/batch/audit.test.ts',
  ),
  mutant(
    'I25',
    'An export joined a table that is empty before tip-off.',
    'an empty document',
    'export predictions.json',
  ),
  mutant('I26', 'A traded player was there under two teams.', 'duplicate', BOX),
  never(
    'I28',
    'A few bad rows threw a whole file of good ones away.',
    'Rows are refused one by one, with field and reason.',
    'test/pipeline/ingest/ingest.test.ts',
  ),
  never(
    'I30',
    'A change of documents deployed months of untested code.',
    'What deploys has passed CI at that very commit, and its version is compared afterwards.',
    'test/workflows/rules.test.ts',
  ),
  mutant(
    'I31',
    'Loads that found nothing counted as done and kept the data out.',
    'an empty list',
    `file of ${BOX}`,
  ),
  never(
    'I32',
    'A ledger said that nothing was loaded although rows were.',
    'The receipt of a file counts what was loaded, repeated and refused, and must add up.',
    'test/pipeline/ingest/ingest.test.ts',
  ),
  never(
    'I34',
    'Files were fetched daily and never loaded.',
    'What is fetched is loaded by the same step.',
    'test/app/fetch.test.ts',
  ),
  mutant(
    'I35',
    'A step reported that it was complete and had written nothing.',
    'drop all',
    'nba_analytics.player_game_summary',
  ),
  never(
    'I38',
    'A job was set up to call itself.',
    'Jobs and addresses are derived from one list.',
    'test/scripts/provision/provision.test.ts',
  ),
  mutant('I40', 'Late games of the night were missing.', 'drop one group', `${BOX}.game_id`),
  mutant('I42', 'Packed answers were read as text.', 'a web page', `file of ${BOX}`),
  mutant('I44', 'A schedule service gave no games on a game day.', 'drop all', 'nba_raw.schedule_games'),
  mutant('I46', 'Later snapshots of the day were ignored.', 'hours earlier', `${LINES}.snapshot_at`),
  never(
    'I48',
    'Words for dates went into paths as they were.',
    'A date is parsed into a slate before anything is done with it.',
    'test/core/calendar.test.ts',
  ),
  mutant(
    'I50',
    'A game that does not exist kept completeness below the limit.',
    'an invented game',
    'nba_raw.schedule_games (tonight)',
  ),
  mutant(
    'I52',
    'Features were kept for games that had been put off.',
    'wrongly postponed',
    'nba_raw.schedule_games (tonight)',
  ),
  never(
    'I55',
    'A slim image without time zones took the wrong day.',
    'The slate of an instant is tested over both changes of the clock, in the image too.',
    'test/deploy/image.test.ts',
  ),
  never(
    'I56',
    'A run of the same day started one of five summaries, and the next phase waited for five.',
    'One graph gives what runs and what is waited for.',
    GRAPH,
  ),
  never(
    'I57',
    'A trigger counted on more reporters than there are.',
    'One graph gives what runs and what is waited for.',
    GRAPH,
  ),
  never(
    'I58',
    'A source that was switched off was still demanded.',
    'Inputs are declared once, where they are read.',
    GRAPH,
  ),
  mutant('I59', 'Deployments took the permission to call away.', 'withdrawn permission', 'write state'),
  never(
    'I60',
    'A tracker wrote first, and its own transaction took every event for a repeat.',
    'Outcomes are written once, by compare-and-set, in one transaction.',
    STATE,
  ),
  never(
    'I61',
    'Players were summarised before their teams.',
    'Summaries run in the order of the graph, and readiness counts them.',
    GRAPH,
  ),
  never(
    'I62',
    'Each step started before its input was ready, down to the predictions.',
    'What is not ready holds the chain with its reason.',
    'test/pipeline/refresh.test.ts',
  ),
  mutant('I64', 'Contexts were made a minute before the lines came.', 'drop 70 %', LINES),
  never(
    'I66',
    'Precompute demanded today’s results before the games.',
    'History ends strictly before the slate.',
    AS_OF,
  ),
  mutant('I68', 'There were predictions, and nobody made the picks.', 'never written', 'export picks.json'),
  mutant(
    'I70',
    'A controller was out for two days for want of a permission.',
    'withdrawn permission',
    'read state',
  ),
  mutant('I72', 'The morning job ran in the evening.', 'job never started', 'daily job'),
  never(
    'I74',
    'Retries were longer than the time there was.',
    'A retry has a budget, and waiting beyond it is not begun.',
    'test/platform/retry.test.ts',
  ),
  never(
    'I76',
    'A window included the game that was to be predicted.',
    'History ends strictly before the slate.',
    AS_OF,
  ),
  mutant(
    'I78',
    'Odds of the running game were taken for the newest line.',
    'hours later',
    `${LINES}.snapshot_at`,
  ),
  never(
    'I81',
    'Zero was taken for missing.',
    'Null is missing and zero is a value; nothing falls back on falsity.',
    'test/pipeline/features.test.ts',
  ),
  never(
    'I82',
    'Gates counted optional features as required.',
    'Required is a property of the feature, and every gate is derived from it.',
    'test/architecture/features.test.ts',
  ),
  never(
    'I83',
    'A worker served features it had kept from before.',
    'Inputs are read when they are asked for.',
    'test/pipeline/batch/inputs.test.ts',
  ),
  never(
    'I88',
    'A default of a version was not raised, and nobody had features.',
    'A model knows its features by hash and serves no other contract.',
    'test/model/registry.test.ts',
  ),
  mutant(
    'I90',
    'Features did not reach the model, and fallbacks took their place.',
    'null',
    `${FEATURES}.pts_ewma8`,
  ),
  mutant('I92', 'Records were counted against a made-up line.', 'constant', `${LINES}.line`),
  mutant('I93', 'Names were spelt differently by one feed.', 'renamed value', `${LINES}.player_lookup`),
  mutant(
    'I94',
    'Two orders of the teams made two ids of one game.',
    'swap columns',
    `${LINES}.home_abbr, away_abbr`,
  ),
  never(
    'I96',
    'Shares were built from two sources of different completeness.',
    'Parts of a share come from the same rows.',
    'test/pipeline/features.test.ts',
  ),
  mutant('I98', 'Who did not play was stored with no points.', 'zero', `${BOX}.points`),
  never(
    'I100',
    'A new reason was not known to a counter, which broke.',
    'Reasons are counted by name as they come.',
    'test/pipeline/batch/run-batch.test.ts',
  ),
  never(
    'I102',
    'A floor and a cap met, and no pick was possible.',
    'Rules of picks are tested to let something through, and none at all where there are lines is an incident.',
    'test/pipeline/batch/recommendation.test.ts',
  ),
  mutant(
    'I104',
    'Players who were ruled out later stayed among the picks.',
    'out and available swapped',
    'nba_raw.injury_reports.status',
  ),
  never(
    'I105',
    'A module was missing in the image.',
    'The image is started in CI, and holds the whole source.',
    'test/deploy/image.test.ts',
  ),
  never(
    'I106',
    'A constructor changed and its callers did not.',
    'The source is type-checked as a whole.',
    'test/architecture/layers.test.ts',
  ),
  never(
    'I110',
    'A build took along unrelated code that was broken.',
    'There is one source and one image.',
    'test/deploy/containerfile.ts',
  ),
  never(
    'I114',
    'Schedules called addresses that were gone, without identity.',
    'Schedules are provisioned from the list of jobs, and silence is an incident.',
    'test/scripts/provision/provision.test.ts',
  ),
  never(
    'I120',
    'A clean-up published hundreds of thousands of messages again.',
    'The clean-up drops tables and sends nothing.',
    'test/guard/staging-cleanup/clean.test.ts',
  ),
  never(
    'I122',
    'A wrong name was answered by endless redelivery.',
    'Only what is transient is tried again, so many times.',
    'test/contract/queue.ts',
  ),
  never(
    'I124',
    'A check recomputed features every quarter of an hour.',
    'Checks read, within a budget of bytes, and write nothing but their answers.',
    'test/guard/canaries/engine.test.ts',
  ),
  never(
    'I128',
    'Heartbeats were a hundred thousand documents.',
    'One row per job is updated.',
    'test/guard/canaries/job-heartbeats.test.ts',
  ),
  never(
    'I130',
    'One fault sent hundreds of mails overnight.',
    'An incident is one message.',
    'test/guard/incidents/alerts.test.ts',
  ),
  never(
    'I134',
    'A check always ended in an error, which nobody counted.',
    'A check that cannot look is an error and is reported.',
    'test/guard/canaries/engine.test.ts',
  ),
  never(
    'I136',
    'Monitors ran and found that they could tell nobody.',
    'What could not be delivered ends the run with 3 and is kept.',
    'test/contract/outbox.ts',
  ),
  never(
    'I138',
    'A share was taken of rows that could not be graded.',
    'What is graded is counted against what can be graded, by system.',
    'test/pipeline/grade/grade.test.ts',
  ),
  never(
    'I146',
    'A route shadowed the check of the schema in deep health.',
    'Two routes of one path are refused.',
    'test/app/services/deep-health.test.ts',
  ),
  never(
    'I148',
    'Health was good while every route failed.',
    'Deep health asks every store and compares every table.',
    'test/app/services/deep-health.test.ts',
  ),
  never(
    'I150',
    'Half a commit left a routine out, and every run threw.',
    'The source is type-checked as a whole before it lands.',
    'test/architecture/layers.test.ts',
  ),
  mutant(
    'I154',
    'A pick stayed ungraded, and another one was shown twice.',
    'drop 30 %',
    'nba_predictions.prediction_grades',
  ),
  mutant('I156', 'A share was exported where a percentage was meant.', '×10', 'export picks.json'),
  mutant(
    'I158',
    'A halt was computed behind an error that was swallowed.',
    'contradictory state',
    'state operations: a halt that nobody ends',
  ),
  never(
    'I160',
    'The handler of an error threw itself.',
    'A failure in telling goes to the second channel and into the result.',
    'test/platform/notify/slack/outbox.test.ts',
  ),
  never(
    'I162',
    'One error of the network skipped three steps that had nothing to do with it.',
    'A unit fails by itself; only what reads it is held.',
    'test/guard/backfill/run.test.ts',
  ),
  never(
    'I164',
    'A parallel backfill hung on its connections.',
    'Work beside each other is bounded.',
    'test/core/concurrency.test.ts',
  ),
  never(
    'I166',
    'A retry marked rows as done without doing them.',
    'A unit is done by its receipt, which is written with its rows.',
    'test/guard/backfill/resume.test.ts',
  ),
  mutant('I168', 'Columns of threes were nearly empty for two months.', 'null', `${BOX}.fg3m`),
];

/** The page: every recorded incident with the drill, the mutants or the invariant that answers it. */
export function incidentsPage(): string {
  const drills = DRILLS.map((drill) => ({
    incident: drill.incident,
    row: `| ${drill.incident} | ${drill.happened} | drill \`${drill.id}\`: ${drill.isNoise === true ? 'stays silent' : `\`${drill.guard}\``}; twin: ${drill.twin.what} |`,
  }));
  const covered = COVERED.map(({ incident, happened, cover }) => ({
    incident,
    row: `| ${incident} | ${happened} | ${'operator' in cover ? `mutants: ${cover.operator}, ${cover.place}` : `cannot happen: ${cover.invariant} (\`${cover.proof}\`)`} |`,
  }));
  const number = (incident: string): number => Number(incident.slice(1));
  const rows = [...drills, ...covered].sort((a, b) => number(a.incident) - number(b.incident));
  return `${[
    '# Incidents and what answers them',
    '',
    '<!-- Generated by `npm run docs`; do not edit. -->',
    '',
    'Every recorded incident of the predecessor: the drill that replays it with its healthy twin (`tipoff drill run`), the mutants that do the',
    'same damage (`npm run mutate`, [mutation.md](mutation.md)), or the invariant by which it cannot happen, and where that is proven.',
    '',
    '| incident | what happened | what answers it |',
    '|---|---|---|',
    ...rows.map(({ row }) => row),
  ].join('\n')}\n`;
}
