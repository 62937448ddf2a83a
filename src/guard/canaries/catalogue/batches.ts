import { SEASON_DAYS } from '#core/calendar.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  type Moment,
} from '#guard/canaries/definition.ts';
import { STAGING_HOURS, STAGING_PREFIX, stagingPrefix } from '#pipeline/batch/output-gate.ts';
import { digestSql, isComparableSql, ROW_DIGEST } from '#pipeline/batch/published-rows.ts';
import { activeBatches, type BatchDoc, COLLECTIONS, isActive, listBatches } from '#pipeline/batch/state.ts';

/** Minutes without progress, and of age, after which the sweeper should have acted: its limits of 5 and 30 and one period. */
const SILENT_MINUTES = 12;
const OLD_MINUTES = 40;

const minutes = (from: string, to: Date): number => (to.getTime() - Date.parse(from)) / 60_000;

/** Every batch there is; wrong is one that works and has made no progress for too long, or is too old. */
async function stuckBatches({ state }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const batches = (await listBatches(state)).filter(
    ({ created_at }) => Date.parse(created_at) <= asOf.getTime(),
  );
  return batches.map((batch) => {
    const [silent, age] = [minutes(batch.progress_at, asOf), minutes(batch.created_at, asOf)];
    return {
      subject: batch.batch_id,
      is_bad: isActive(batch.state) && (silent > SILENT_MINUTES || age > OLD_MINUTES),
      note: `${batch.state}, ${Math.round(age)} minutes old, no progress for ${Math.round(silent)}`,
    };
  });
}

/** The newest batch of the slate; wrong is one that was held or has failed. */
async function endedBatches({ state }: CanaryContext, { asOf, slate }: Moment): Promise<CheckedThing[]> {
  const newest = (await listBatches(state, slate))
    .filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime())
    .at(-1);
  if (newest === undefined) return [];
  return [
    {
      subject: newest.batch_id,
      is_bad: newest.state === 'held' || newest.state === 'failed',
      note: `${newest.state}${newest.reason === null ? '' : `: ${newest.reason}`}`,
    },
  ];
}

/** Hours after its expiry at which the clean-up should long have dropped a table. */
const GRACE_HOURS = 24;

/** Every staging table; wrong is one that no batch owns and that the clean-up should long have dropped. */
async function orphanedStaging(
  { warehouse, state }: CanaryContext,
  { asOf }: Moment,
): Promise<CheckedThing[]> {
  const tables = await warehouse.listTables('nba_predictions', STAGING_PREFIX);
  const active = (await activeBatches(state)).map(({ batch_id }) => stagingPrefix(batch_id));
  return [
    { subject: 'staging', is_bad: false, note: null },
    ...tables.map(({ name, createdAt, expiresAt, rows }) => {
      const expired =
        expiresAt === null
          ? Date.parse(createdAt ?? '1970-01-01') + STAGING_HOURS * 3_600_000
          : Date.parse(expiresAt);
      const hours = (asOf.getTime() - expired) / 3_600_000;
      const owned = active.some((prefix) => name.startsWith(prefix));
      return {
        subject: name,
        is_bad: !owned && hours > GRACE_HOURS,
        note: `${rows} rows, expired ${Math.round(hours)} hours ago`,
      };
    }),
  ];
}

const batchStuck = defineCanary({
  id: 'batch_stuck',
  phase: 'predict',
  question: 'Is a batch stuck, and since when?',
  expected: 'no batch open for more than 40 minutes or silent for more than 12',
  finding: '{n:batch is|batches are} stuck',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff batch check-stalled; then tipoff batch reset --slate {slate} --reason stuck',
  dependsOn: [],
  whenEmpty: { skip: 'no batch was ever started' },
  look: { probe: stuckBatches },
  sabotage: {
    act: async ({ state }, { asOf }) => {
      const [batch] = (await listBatches(state)).filter(
        ({ created_at }) => Date.parse(created_at) <= asOf.getTime(),
      );
      if (batch === undefined) return async () => undefined;
      const put = (document: BatchDoc) =>
        state.transaction(async (tx) => tx.put(COLLECTIONS.batches, batch.batch_id, document));
      const since = new Date(asOf.getTime() - 55 * 60_000).toISOString();
      await put({ ...batch, state: 'running', created_at: since, progress_at: since, closed_at: null });
      return () => put(batch);
    },
  },
  meaning:
    'The sweeper closes every batch after 30 minutes whatever its percentage. An older one means that no sweeper runs, and its slate refuses new batches.',
  steps: [
    'tipoff batch show <batch>: which units wait, and when was the last outcome?',
    'tipoff batch check-stalled does by hand what the sweeper does.',
    'tipoff batch reset --slate <slate> --reason <reason> frees the slate; what was staged is kept unless told otherwise.',
    'Find out why the sweeper is silent: job_heartbeats, tipoff serve.',
  ],
});

/** A later run mode that finds everybody predicted or skipped ends in a batch of its own; it is no failure. */
const batchEnded = defineCanary({
  id: 'batch_ended',
  phase: 'predict',
  question: 'Was the newest batch of tonight held or did it fail?',
  expected: 'the newest batch published, partial or still running',
  finding: 'the newest batch of tonight was not published: {note}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff batch reset --slate {slate} --reason not-published, then tipoff day {slate}',
  dependsOn: ['precompute'],
  whenEmpty: {
    skip: 'no batch was started for this slate; prediction_gap says whether one should have been',
  },
  look: { probe: endedBatches },
  sabotage: {
    act: async ({ state }, { slate, asOf }) => {
      const batch = (await listBatches(state, slate))
        .filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime())
        .at(-1);
      if (batch === undefined) return async () => undefined;
      const put = (document: BatchDoc) =>
        state.transaction(async (tx) => tx.put(COLLECTIONS.batches, batch.batch_id, document));
      await put({
        ...batch,
        state: 'held',
        reason: 'TIPOFF_AUDIT_FAILED: constants (expected fewer than 20, saw 24)',
      });
      return () => put(batch);
    },
  },
  meaning:
    'The audit refused what the workers made, or nobody could be predicted. Nothing of it is visible; what was published before still is.',
  steps: [
    'The note names the failed check with the markets it is about, or why players were skipped or failed.',
    'tipoff batch show <batch> lists the outcomes; the staging tables are kept.',
    'Repair the cause first (load what is missing or wrong): the same inputs end the same way. Then run the repair command.',
  ],
});

const publicationsAudited = defineCanary({
  id: 'publications_audited',
  phase: 'predict',
  question: 'Does every publication of the season have its audit and all of its rows?',
  expected: 'an audit and the receipted number of rows for every publication',
  finding:
    'no audit, or a row count other than the receipt says, for {of:publication|publications} of the season',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair:
    'tipoff publish list, then tipoff publish undo <publication> --reason rows-differ-from-receipt, then tipoff predict {slate} --mode RETRY',
  dependsOn: [],
  whenEmpty: { skip: 'nothing was published this season' },
  look: {
    days: SEASON_DAYS,
    sql: `
SELECT v.publication_id AS subject, LENGTH(v.audit) < 10 OR COALESCE(p.held, 0) <> v.row_count AS is_bad,
  CASE WHEN LENGTH(v.audit) < 10 THEN 'no audit; ' ELSE '' END || CAST(COALESCE(p.held, 0) AS STRING) || ' rows, receipt ' || CAST(v.row_count AS STRING) AS note
FROM nba_predictions.publications v
LEFT JOIN (
  SELECT publication_id, COUNT(*) AS held FROM nba_predictions.player_prop_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2)
  GROUP BY publication_id
) AS p ON p.publication_id = v.publication_id
WHERE v.slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2) AND v.event = 'published'`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.publications SET audit = '[]' WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)",
    ],
  },
  meaning:
    'Rows became visible on a way around the audit, or were changed after it. A receipt is the proof of what users saw.',
  steps: [
    'tipoff publish list --slate <slate>: who published it, under which token?',
    'Fewer rows than the receipt: somebody deleted rows by hand. More: a copy of another attempt was left.',
    'Withdraw and publish again; grades follow the publication.',
  ],
});

const rowsAsAudited = defineCanary({
  id: 'rows_as_audited',
  phase: 'predict',
  question: 'Are the published rows of last night and tonight still those that were audited?',
  expected: 'behind every receipt the rows that the workers made, in every column but the choice of picks',
  finding: 'rows were changed on their way or since in {of:publication|publications}',
  looksAt: 'slate',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair:
    'tipoff publish undo <publication> --reason rows-were-changed, then tipoff predict {slate} --mode RETRY',
  dependsOn: [],
  whenEmpty: { skip: 'no publication of last night or tonight is visible with a digest of its rows' },
  look: {
    sql: `
SELECT v.publication_id AS subject, v.rows_digest <> COALESCE(p.rows_digest, 'none') AS is_bad,
  CAST(COALESCE(p.held, 0) AS STRING) || ' rows have the digest ' || COALESCE(p.rows_digest, 'none') || ', the receipt says ' || v.rows_digest AS note
FROM nba_predictions.publications v
LEFT JOIN (
  SELECT publication_id, COUNT(*) AS held, ${digestSql(`BIT_XOR(${ROW_DIGEST})`)} AS rows_digest FROM nba_predictions.player_prop_predictions
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -1) AND CAST(@slate AS DATE)
  GROUP BY publication_id
) AS p ON p.publication_id = v.publication_id
LEFT JOIN (
  SELECT DISTINCT publication_id FROM nba_predictions.publications
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -1) AND CAST(@slate AS DATE) AND event = 'withdrawn'
) AS w ON w.publication_id = v.publication_id
WHERE v.slate BETWEEN fn.add_days(CAST(@slate AS DATE), -1) AND CAST(@slate AS DATE) AND v.event = 'published'
  AND ${isComparableSql('v.rows_digest')} AND w.publication_id IS NULL`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.player_prop_predictions SET sd = sd + 0.001 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Each worker gives a digest of the rows that it made, the audit compares what was staged with it, and the receipt keeps it. What lies in the predictions now is something else: a change by hand, a second writer, a fault while the rows were copied. Readers see numbers that no model has given.',
  steps: [
    'tipoff publish list --slate {slate}: when was it published, and who was at work since?',
    'A table restored from elsewhere, or changed by a statement: which rows differ from the documents in exports/?',
    'Run the repair command: withdrawn rows are neither shown nor graded, and the next batch makes them again.',
  ],
});

const rowsWithoutReceipt = defineCanary({
  id: 'rows_without_receipt',
  phase: 'predict',
  question: 'Do copied predictions lie around without a receipt?',
  expected: 'a receipt for every publication id in the predictions table, two hours after it was made',
  finding: 'no receipt for {of:publication id|publication ids} in the predictions table',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'info' }],
  owner: 'predictions',
  repair: 'tipoff batch check-stalled',
  dependsOn: [],
  whenEmpty: { skip: 'no prediction was made this season' },
  look: {
    days: SEASON_DAYS,
    sql: `
SELECT p.publication_id AS subject, v.publication_id IS NULL AND p.made_at < fn.add_seconds(CAST(@as_of AS TIMESTAMP), -7200) AS is_bad,
  CAST(p.held AS STRING) || ' rows nobody can see' AS note
FROM (
  SELECT publication_id, MAX(predicted_at) AS made_at, COUNT(*) AS held FROM nba_predictions.player_prop_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2)
  GROUP BY publication_id
) AS p
LEFT JOIN (
  SELECT DISTINCT publication_id FROM nba_predictions.publications WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2)
) AS v ON v.publication_id = p.publication_id`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_predictions.publications WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
      'UPDATE nba_predictions.player_prop_predictions SET predicted_at = fn.add_seconds(CAST(@as_of AS TIMESTAMP), -90000) WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'An attempt to publish died between the copy and the receipt and nobody took it up. Readers never see the rows; they cost space and confuse counts by hand.',
  steps: [
    'The publication id begins with the batch id: tipoff batch show <batch>.',
    'In consolidation: tipoff batch check-stalled takes it up again.',
    'Published under another token: the rows of the lost attempt may be deleted.',
  ],
});

const stagingOrphans = defineCanary({
  id: 'staging_orphans',
  phase: 'predict',
  question: 'Do staging tables stay behind?',
  expected: 'no staging table a day past its expiry without an open batch',
  finding: '{n:staging table has|staging tables have} no open batch and expired more than a day ago',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'info' }],
  owner: 'platform',
  repair: 'tipoff staging clean',
  dependsOn: [],
  whenEmpty: 'fail',
  look: { probe: orphanedStaging },
  sabotage: {
    act: async ({ warehouse }, { asOf }) => {
      const orphan = { dataset: 'nba_predictions', name: `${STAGING_PREFIX}orphan__0_1` } as const;
      await warehouse.createTable(stagedPredictions, orphan, {
        expiresAt: new Date(asOf.getTime() - 30 * 3_600_000).toISOString(),
      });
      return async () => {
        await warehouse.dropTable(orphan);
      };
    },
  },
  meaning:
    'The clean-up does not run. Held and failed batches keep their tables for two days on purpose; these have expired.',
  steps: [
    'tipoff staging list shows each with its batch and state.',
    'A held batch among them: decide first whether its rows are wanted (batch reset with publish or discard).',
    'tipoff staging clean --dry-run, then without.',
  ],
});

/** The canaries of batches, of what they staged and of what they published: the later ones of the phase `predict`. */
export const BATCHES: readonly Canary[] = [
  batchStuck,
  batchEnded,
  publicationsAudited,
  rowsAsAudited,
  rowsWithoutReceipt,
  stagingOrphans,
];
