import { addDays, type Slate, seasonOf, seasonSpan } from '#core/calendar.ts';
import type { SubsetPick } from '#core/contracts/nba_predictions.ts';
import { readBackupRecord } from '#guard/backup-record.ts';
import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  type Moment,
} from '#guard/canaries/definition.ts';
import { picksOfSlate } from '#pipeline/batch/published-rows.ts';
import { compareExports } from '#pipeline/exports/export.ts';
import { manifestEntry, readManifest, readStored } from '#pipeline/exports/stored-documents.ts';
import {
  checkDocuments,
  LAG_MINUTES,
  overwrite,
  PICKS_PATH,
  PREDICTIONS_PATH,
  RESULTS_PATH,
} from './exported.ts';
import { GAMES, PREDICTED } from './sql.ts';

/** One thing per subset and market: whether its picks are those that the visible predictions give, in their order. */
async function comparePicks({ warehouse }: CanaryContext, { slate }: Moment): Promise<CheckedThing[]> {
  const { due, stored } = await picksOfSlate(warehouse, slate);
  const nameOf = ({ subset_id, market }: SubsetPick): string => `${subset_id} of ${market}`;
  const [wanted, found] = [Map.groupBy(due, nameOf), Map.groupBy(stored, nameOf)];
  const ordered = (picks: readonly SubsetPick[] = []): string =>
    picks
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ rank, prediction_id, player_id }) => `${rank} ${prediction_id} ${player_id}`)
      .join();
  return [...new Set([...wanted.keys(), ...found.keys()])].sort().map((name) => ({
    subject: name,
    is_bad: ordered(wanted.get(name)) !== ordered(found.get(name)),
    note: `${found.get(name)?.length ?? 0} picks stored, ${wanted.get(name)?.length ?? 0} by the predictions`,
  }));
}

const picksFollow = defineCanary({
  id: 'picks_follow',
  phase: 'publish',
  question: 'Are the stored picks of tonight those that the visible predictions give?',
  expected: 'in every subset the picks that its rule chooses, in their order',
  finding: 'other picks than the predictions give in {of:subset|subsets}',
  looksAt: 'tonight',
  severity: [{ by: '12:30', beforeTip: 90, severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'no picks tonight' },
  look: { probe: comparePicks },
  sabotage: {
    sql: ['UPDATE nba_predictions.subset_picks SET rank = rank + 1 WHERE slate = CAST(@slate AS DATE)'],
  },
  meaning:
    'The picks are fixed with their publication and graded as they were shown. Rows of them are lost, doubled, or of another publication; the record of the season would count others than people saw.',
  steps: [
    'List the rows of the newest publication in nba_predictions.subset_picks beside its actionable predictions.',
    'Was the publication stopped between its rows and its picks? See the batch with tipoff batch list.',
    'Run the repair command: the next publication has picks of its own.',
  ],
});

/** The documents of tonight; wrong is one of another slate, or one that is older than the publication and says something else. */
async function freshDocuments(context: CanaryContext, moment: Moment): Promise<readonly CheckedThing[]> {
  const { warehouse, exports: objects } = context;
  const { slate, asOf } = moment;
  const checked = await checkDocuments(
    context,
    moment,
    [PICKS_PATH(slate), PREDICTIONS_PATH(slate)],
    (stored, { published_at }) => {
      if (stored.head['slate'] !== slate) return `is about ${String(stored.head['slate'])}`;
      if (stored.generatedAt === undefined) return 'has no time';
      const published = published_at === null ? 0 : Date.parse(published_at);
      const late = asOf.getTime() - published > LAG_MINUTES * 60_000;
      return late && Date.parse(stored.generatedAt) < published
        ? `was written ${stored.generatedAt}, before the publication of ${published_at}`
        : undefined;
    },
  );
  if (checked.every(({ is_bad }) => is_bad === false)) return checked;
  // A document that a new publication leaves as it is keeps its time.
  const clock = { now: () => asOf, sleep: async () => undefined };
  const same = new Set(
    (await compareExports({ warehouse, objects, clock }, [slate]))
      .filter(({ difference }) => difference === null)
      .map(({ path }) => path),
  );
  return checked.map((one) => (same.has(one.subject) ? { ...one, is_bad: false, note: null } : one));
}

const exportFresh = defineCanary({
  id: 'export_fresh',
  phase: 'publish',
  question: 'Are the exports of tonight there, for the right slate, and newer than the publication?',
  expected: 'picks and predictions of tonight, written within 20 minutes of the newest publication',
  finding: 'missing, out of date or of another slate: {of:export|exports} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '11:00', beforeTip: 75, severity: 'warning' },
    { by: '12:45', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  explains: [{ checks: ['export_equals_table', 'export_not_empty'], about: /^exports\/\S+\.json/ }],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: freshDocuments,
  },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), (text) =>
        text
          .replace(/"generated_at":"[^"]*"/, '"generated_at":"2001-01-01T00:00:00.000Z"')
          .replace(/"player_name":"[^"]*"/, '"player_name":"Nobody"'),
      ),
  },
  meaning: 'Users read an older state than the warehouse shows, or another day.',
  steps: [
    'tipoff publish list --slate {slate}: when was the newest publication?',
    'Run the repair command; it says for each document what it wrote or why not.',
    'Refused with TIPOFF_NOT_READY: the new document would be empty where the old one is not; read the message.',
  ],
});

const exportNotEmpty = defineCanary({
  id: 'export_not_empty',
  phase: 'publish',
  question: 'Does tonight’s export hold rows that can be read?',
  expected: 'a readable document with rows and the status ok',
  finding: 'the predictions of tonight’s export cannot be used: the document {note}',
  looksAt: 'tonight',
  severity: [{ by: '11:00', beforeTip: 75, severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: (context, moment) =>
      checkDocuments(context, moment, [PREDICTIONS_PATH(moment.slate)], ({ rowCount, rows, head }) => {
        if (rowCount === undefined) return 'cannot be read';
        if (rowCount === 0 || rows.length === 0) return 'has no rows';
        return head['status'] === 'ok' ? undefined : `has the status ${String(head['status'])}`;
      }),
  },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), () => '{"row_count":0,"rows":[]}'),
  },
  meaning: 'A fresh file with nothing in it, or half a file. Freshness alone does not see it.',
  steps: [
    'Open the document (tipoff export <slate> prints where it lies).',
    'Was it written by something other than an export of Tipoff? Writes there are atomic and refuse to empty a document.',
    'Run the repair command.',
  ],
});

/** Minutes after which what a feed says must have reached what is visible: a refresh and a batch. */
const FOLLOW_MINUTES = 30;
/** The same for a line that has moved: lines move all day. */
const LINE_MINUTES = 90;

/** SQL: the quotes of the newest board of every bookmaker on a player, as loaded some time ago. */
const NEWEST_QUOTES = `
    SELECT q.market, q.bookmaker, COALESCE(a.player_lookup, q.player_lookup) AS player_lookup, q.line, q.snapshot_at AS quoted_at,
      MAX(q.snapshot_at) OVER (PARTITION BY q.market, q.bookmaker, q.home_abbr, q.away_abbr) AS board_at
    FROM nba_raw.player_lines q
    LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = q.player_lookup
    LEFT JOIN nba_reference.counted_games g ON g.slate = q.slate AND g.home_abbr = q.home_abbr AND g.away_abbr = q.away_abbr
    WHERE q.slate = CAST(@slate AS DATE) AND q.snapshot_quality = 'exact' AND NOT q.is_alternate
      AND q.ingested_at <= fn.add_seconds(fn.least2(COALESCE(g.tipoff_at, q.commence_at, CAST(@as_of AS TIMESTAMP)), CAST(@as_of AS TIMESTAMP)), -${LINE_MINUTES * 60})
    QUALIFY RANK() OVER (PARTITION BY q.market, q.bookmaker, q.player_lookup ORDER BY q.snapshot_at DESC) = 1
      AND fn.add_seconds(q.snapshot_at, 1800) >= board_at`;

/** SQL: the visible rows of the live record, one per player and market: what was shown before tip-off is judged as of then. */
const CLAIMS = `
    SELECT player_id, player_lookup, MIN(player_name) AS player_name, team_abbr, game_id, market,
      fn.least2(MIN(tipoff_at), CAST(@as_of AS TIMESTAMP)) AS judged_at
    FROM (${PREDICTED}) AS visible
    WHERE record_class = 'live'
    GROUP BY player_id, player_lookup, team_abbr, game_id, market`;

const claimsHold = defineCanary({
  id: 'claims_hold',
  phase: 'publish',
  question: 'Is everything visible about a game that will be played and a player who may play?',
  expected: 'a game that is on and a player not ruled out behind every visible prediction',
  finding: 'visible although the game is off or the player is ruled out: {of:prediction|predictions}',
  looksAt: 'slate',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff day {slate} --mode LAST_CALL',
  dependsOn: [],
  whenEmpty: { skip: 'nothing is visible that was published before its tip-off' },
  look: {
    sql: `
SELECT c.player_name || ' ' || c.market AS subject,
  g.game_id IS NULL OR COALESCE(u.injury_status, '') IN ('out', 'doubtful') OR r.player_lookup IS NOT NULL AS is_bad,
  CASE WHEN g.game_id IS NULL THEN 'the game is not played on this slate' ELSE 'he is ' || COALESCE(r.status, u.injury_status) END AS note
FROM (${CLAIMS}) AS c
LEFT JOIN (${GAMES}) AS g ON g.game_id = c.game_id
LEFT JOIN (
  SELECT player_id, game_id, injury_status, cutoff_at FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE)
) AS u ON u.player_id = c.player_id AND u.game_id = c.game_id
LEFT JOIN (
  SELECT said.team_abbr, said.player_lookup, said.status
  FROM (
    SELECT i.team_abbr, COALESCE(a.player_lookup, i.player_lookup) AS player_lookup, i.status, COALESCE(i.last_report_at, i.report_at) AS said_at
    FROM nba_raw.injury_reports i
    LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = i.player_lookup
    JOIN (
      SELECT team_abbr, MIN(judged_at) AS judged_at FROM (${CLAIMS}) AS claims GROUP BY team_abbr
    ) AS t ON t.team_abbr = i.team_abbr
    WHERE i.slate = CAST(@slate AS DATE) AND i.ingested_at <= fn.add_seconds(t.judged_at, -${FOLLOW_MINUTES * 60})
      AND COALESCE(i.last_report_at, i.report_at) <= t.judged_at
    QUALIFY ROW_NUMBER() OVER (PARTITION BY i.team_abbr, COALESCE(a.player_lookup, i.player_lookup)
      ORDER BY COALESCE(i.last_report_at, i.report_at) DESC, i.ingested_at DESC, i.row_id) = 1
  ) AS said
  JOIN (
    SELECT team_abbr, MAX(cutoff_at) AS cutoff_at FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE) GROUP BY team_abbr
  ) AS heard ON heard.team_abbr = said.team_abbr AND said.said_at > heard.cutoff_at
  WHERE said.status IN ('out', 'doubtful')
) AS r ON r.team_abbr = c.team_abbr AND r.player_lookup = c.player_lookup`,
  },
  sabotage: {
    sql: ["UPDATE nba_reference.schedule SET status = 'postponed' WHERE slate = CAST(@slate AS DATE)"],
  },
  meaning:
    'A published pick is a standing claim. Somebody reads a pick on a game that is not played tonight, or on a player who will sit.',
  steps: [
    'The note says what is no longer true. Statuses count half an hour after they were loaded, so that a refresh and a batch can follow.',
    'Run the repair command: it reads the newest schedule, statuses and lines, withdraws what no longer holds and rewrites the documents.',
    'Again and again on the same evening: no job runs LAST_CALL or LINE_UPDATE after the reports are loaded.',
  ],
});

const claimedLines = defineCanary({
  id: 'claimed_lines',
  phase: 'publish',
  question: 'Do the lines of the visible predictions still exist?',
  expected: 'the line of every visible prediction among the newest quotes of its bookmaker',
  finding: 'moved or taken down: the lines of {of:visible prediction|visible predictions}',
  looksAt: 'slate',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff day {slate} --mode LINE_UPDATE',
  dependsOn: ['ingest'],
  tolerates: { count: 5, share: 0.25 },
  whenEmpty: { skip: 'nothing with a line is visible that was published before its tip-off' },
  look: {
    sql: `
SELECT c.player_name || ' ' || c.market || ' ' || fn.decimal_text(c.line) AS subject,
  n.player_lookup IS NULL AND (COALESCE(b.quoted_at >= c.line_snapshot_at, FALSE) OR k.market IS NOT NULL) AS is_bad,
  CASE WHEN b.player_lookup IS NULL THEN c.bookmaker || ' has taken it down' ELSE c.bookmaker || ' quotes another line' END AS note
FROM (
  SELECT DISTINCT player_name, player_lookup, market, bookmaker, line, line_snapshot_at FROM (${PREDICTED}) AS visible
  WHERE record_class = 'live' AND line IS NOT NULL AND line_role = 'main' AND line_quality = 'exact'
) AS c
LEFT JOIN (
  SELECT market, bookmaker, player_lookup, MAX(quoted_at) AS quoted_at FROM (${NEWEST_QUOTES}) AS quotes GROUP BY market, bookmaker, player_lookup
) AS b ON b.market = c.market AND b.bookmaker = c.bookmaker AND b.player_lookup = c.player_lookup
LEFT JOIN (
  SELECT DISTINCT market, bookmaker, player_lookup, line FROM (${NEWEST_QUOTES}) AS quotes
) AS n ON n.market = c.market AND n.bookmaker = c.bookmaker AND n.player_lookup = c.player_lookup AND n.line = c.line
LEFT JOIN (
  SELECT market, bookmaker, MIN(board_at) AS board_at FROM (${NEWEST_QUOTES}) AS quotes GROUP BY market, bookmaker
) AS k ON k.market = c.market AND k.bookmaker = c.bookmaker AND k.board_at > fn.add_seconds(c.line_snapshot_at, 1800)`,
  },
  sabotage: {
    sql: ['UPDATE nba_raw.player_lines SET line = line + 3 WHERE slate = CAST(@slate AS DATE)'],
  },
  meaning:
    'Lines have moved and the predictions were not made again: the edge that is shown is against a line that nobody offers any more. A quarter is usual between two runs.',
  steps: [
    'Lines count an hour and a half after they were loaded, so that a run can follow; a prediction from a newer quote is not measured by an older one.',
    'A bookmaker takes players down whose status is in doubt: look for news about those named.',
    'Run the repair command; it predicts again where a line has changed.',
  ],
});

/**
 * Everything readers see of tonight and last night against the tables, in every column: the documents of the two slates, the
 * subset picks of the season, and the manifest, which is asked about every slate of the season whose documents the home has.
 */
async function differingDocuments(context: CanaryContext, { slate, asOf }: Moment): Promise<CheckedThing[]> {
  const { warehouse, state, exports: objects } = context;
  const { from } = seasonSpan(seasonOf(slate));
  const newest = await warehouse.query<NewestEvent>(NEWEST_EVENTS, { from, to: slate });
  const due = asOf.getTime() - LAG_MINUTES * 60_000;
  const settled = newest.filter(({ changed_at }) => Date.parse(changed_at) <= due);
  if (settled.length === 0) return [];
  const isDue = (day: string): boolean => settled.some((event) => event.slate === day);
  // A home that was restored lacks the documents of earlier weeks until somebody writes them again.
  const lacks = (await readBackupRecord(state))?.documents_left_out ?? null;
  const { path: listedIn, entries, isWhole } = await readManifest(objects);
  const manifest = new Map(entries.map((entry) => [entry.path, entry]));
  // A season's document changes with every slate: it is due when none of them has just changed.
  const clock = { now: () => asOf, sleep: async () => undefined };
  const compared = await compareExports(
    { warehouse, objects, clock },
    [slate, addDays(slate, -1)].filter(isDue),
  );
  const documents = compared
    .filter(({ path }) => !path.includes('/seasons/') || settled.length === newest.length)
    .map(({ path, difference, stored }): CheckedThing => {
      const entry = manifest.get(path);
      const due: Readonly<Record<string, unknown>> = { ...manifestEntry(path, stored) };
      // An entry of an older version has fewer members.
      const isListed =
        entry !== undefined &&
        Object.entries(entry).every(
          ([member, value]) => JSON.stringify(value) === JSON.stringify(due[member]),
        );
      const wrong = difference ?? (stored.etag === '' || isListed ? null : 'is not what the manifest lists');
      return { subject: path, is_bad: wrong !== null, note: wrong };
    });
  const slates = settled.map(({ slate: day, publication_id, has_withdrawals }): CheckedThing => {
    const path = PREDICTIONS_PATH(day);
    const ids = manifest.get(path)?.publication_ids;
    const says = Array.isArray(ids) ? ids.map(String) : [];
    const isLacking = lacks !== null && day >= lacks.from && day <= lacks.to && !manifest.has(path);
    const wrong =
      isLacking || publication_id === null || has_withdrawals || says.includes(publication_id)
        ? null
        : manifest.has(path)
          ? `is of ${says.join(', ') || 'no publication'}, visible is ${publication_id}`
          : 'is not in the manifest';
    return { subject: `${path} in the manifest`, is_bad: wrong !== null, note: wrong };
  });
  const whole: CheckedThing = {
    subject: listedIn,
    is_bad: !isWhole,
    note: isWhole ? null : 'has other entries than were written',
  };
  return [whole, ...documents, ...slates];
}

/** What was last published or taken back of a slate. */
interface NewestEvent {
  readonly slate: Slate;
  readonly changed_at: string;
  /** The newest publication with rows that is not withdrawn; null when there is none. */
  readonly publication_id: string | null;
  /** Players were taken back since: a publication may have no visible row left. */
  readonly has_withdrawals: boolean;
}

const NEWEST_EVENTS = `
SELECT p.slate, MAX(p.event_at) AS changed_at,
  MAX(CASE WHEN v.publication_id = p.publication_id THEN v.publication_id END) AS publication_id,
  MAX(CASE WHEN x.slate IS NOT NULL THEN 1 ELSE 0 END) = 1 AS has_withdrawals
FROM nba_predictions.publications p
LEFT JOIN (
  SELECT q.slate, q.publication_id FROM nba_predictions.publications q
  WHERE q.event = 'published' AND q.row_count > 0 AND q.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = q.publication_id AND w.event = 'withdrawn')
  QUALIFY ROW_NUMBER() OVER (PARTITION BY q.slate ORDER BY q.event_at DESC, q.publication_id DESC) = 1
) AS v ON v.slate = p.slate AND v.publication_id = p.publication_id
LEFT JOIN (
  SELECT DISTINCT slate FROM nba_predictions.withdrawals WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
) AS x ON x.slate = p.slate
WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
GROUP BY p.slate
ORDER BY p.slate`;

const exportEqualsTable = defineCanary({
  id: 'export_equals_table',
  phase: 'publish',
  question: 'Do the documents say what the tables say, in every column?',
  expected:
    'every document of tonight, last night and the season as an export would write it now, and every slate in the manifest',
  finding: 'not as the tables say: {of:document|documents}',
  looksAt: 'slate',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing was published this season, or what was is not due to be exported yet' },
  look: { probe: differingDocuments },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), (text) => {
        const document: { rows: { sd: number }[] } = JSON.parse(text);
        const [first, ...rest] = document.rows;
        return JSON.stringify({
          ...document,
          rows: first === undefined ? [] : [{ ...first, sd: first.sd + 0.001 }, ...rest],
        });
      }),
  },
  meaning:
    'The export was made of another state than the one that is visible: after a withdrawal, or between two batches.',
  steps: [
    'tipoff publish list --slate {slate}: was something published or withdrawn after the export?',
    'Run the repair command and compare again.',
    'Different still: two exporters write the same place.',
  ],
});

async function missingResults(
  { warehouse, exports }: CanaryContext,
  { slate }: Moment,
): Promise<CheckedThing[]> {
  const [graded] = await warehouse.query<{ grades: number }>(
    'SELECT COUNT(*) AS grades FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)',
    { slate },
  );
  if ((graded?.grades ?? 0) === 0) return [];
  const { etag, rowCount } = await readStored(exports, RESULTS_PATH(slate));
  const wrong = etag === '' ? 'is not there' : (rowCount ?? 0) === 0 ? 'has no rows' : undefined;
  return [{ subject: RESULTS_PATH(slate), is_bad: wrong !== undefined, note: wrong ?? null }];
}

const resultsExported = defineCanary({
  id: 'results_exported',
  phase: 'publish',
  question: 'Are last night’s results exported?',
  expected: 'a document with the grades of last night',
  finding: 'the results of last night are not exported: the document {note}',
  looksAt: 'last_night',
  severity: [
    { by: '11:30', severity: 'info' },
    { by: '14:00', severity: 'warning' },
  ],
  owner: 'predictions',
  repair: 'tipoff export {slate} --only results',
  dependsOn: ['grade'],
  whenEmpty: { skip: 'nothing is graded; yesterday_graded says whether it should be' },
  look: { probe: missingResults },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, RESULTS_PATH(slate), () => '{"row_count":0,"rows":[]}'),
  },
  meaning: 'Predictions are graded and users do not see it.',
  steps: [
    'Run the repair command; it says what it wrote or why not.',
    'Look at the export phase of the last tipoff day: it exports every slate of the week that has grades.',
  ],
});

/** The canaries of the phase `publish`, in the order of the data. */
export const PUBLISH: readonly Canary[] = [
  claimsHold,
  claimedLines,
  picksFollow,
  exportFresh,
  exportNotEmpty,
  exportEqualsTable,
  resultsExported,
];
