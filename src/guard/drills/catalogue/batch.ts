import {
  playerPropPredictions,
  type StagedPrediction,
  stagedPredictions,
} from '#core/contracts/nba_predictions.ts';
import type { CanaryContext, Sabotage } from '#guard/canaries/definition.ts';
import { applySabotage } from '#guard/canaries/prove.ts';
import {
  again,
  changed,
  type Drill,
  type DrillContext,
  defineDrill,
  refused,
  unchanged,
} from '#guard/drills/drill.ts';
import { checkOutput, STAGING_PREFIX, stagingPrefix } from '#pipeline/batch/output-gate.ts';
import { type BatchDoc, COLLECTIONS, listBatches } from '#pipeline/batch/state.ts';
import { rewriteExports } from '#pipeline/exports/export.ts';

/** Statements after which tonight was never predicted. */
const NOTHING_MADE = [
  'DELETE FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE)',
  'DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)',
] as const;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Statements as a sabotage whose documents follow: what was never published was never exported. */
function followedByExports(sql: readonly [string, ...string[]]): Extract<Sabotage, { act: unknown }>['act'] {
  return async (context, moment) => {
    const { warehouse, exports: objects } = context;
    const clock = { now: () => moment.asOf, sleep: async () => undefined };
    const follow = () =>
      rewriteExports({ warehouse, objects, clock, dataSource: 'simulated' }, [moment.slate]);
    const undo = await applySabotage({ id: 'statements', sabotage: { sql } }, context, moment);
    await follow();
    return async () => {
      await undo();
      await follow();
    };
  };
}

/** What happened on the way from features to published rows. */
export const BATCH_DRILLS: readonly Drill[] = [
  defineDrill({
    id: 'unknown-column',
    incident: 'I01',
    date: '2026-02-07',
    happened:
      'The worker wrote two fields the table did not have: every write failed for a day and a half, and nobody was alerted.',
    guard: 'TIPOFF_SCHEMA_MISMATCH',
    replay: refused('a worker writes a field the predictions table does not have', async (context) => {
      const rows = await publishedRows(context);
      await checkOutput(
        context.warehouse,
        rows.map((row) => ({ ...row, line_source_detail: 'consensus' })),
      );
      return `${rows.length} rows would have been written`;
    }),
    twin: refused('a worker writes what the contract says', async (context) => {
      const rows = await publishedRows(context);
      await checkOutput(context.warehouse, rows);
      return `${rows.length} rows fit`;
    }),
  }),
  defineDrill({
    id: 'no-predictions',
    incident: 'I01',
    date: '2026-02-07',
    happened: 'Ten games were played without a prediction. No alert existed for that.',
    guard: 'prediction_gap',
    replay: changed('nothing is published for tonight', {
      sql: NOTHING_MADE,
    }),
    twin: changed('there are no games tonight, and nothing is published', {
      act: followedByExports([
        ...NOTHING_MADE,
        'DELETE FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE)',
      ]),
    }),
  }),
  defineDrill({
    id: 'batch-never-ended',
    incident: 'I02',
    date: '2026-02-07',
    happened:
      'Workers died and their batch stayed running; every start was refused for more than four hours.',
    guard: 'batch_stuck',
    replay: changed(
      'a batch is 55 minutes old and silent for as long',
      running({ ageMinutes: 55, silentMinutes: 55 }),
    ),
    twin: changed(
      'a batch is 25 minutes old and made progress two minutes ago',
      running({ ageMinutes: 25, silentMinutes: 2 }),
    ),
  }),
  defineDrill({
    id: 'staging-left-behind',
    incident: 'I04',
    date: '2026-02-08',
    happened:
      'Failed batches left 668 staging tables; nobody knew which held predictions that were never merged.',
    guard: 'staging_orphans',
    replay: changed(
      'the staging table of a lost batch expired thirty hours ago',
      staged({ tables: 1, owned: false, expiredHours: 30 }),
    ),
    twin: changed(
      'forty staging tables of an open batch are young',
      staged({ tables: 40, owned: true, expiredHours: -47 }),
    ),
  }),
  defineDrill({
    id: 'rows-lost-in-the-merge',
    incident: 'I06',
    date: '2025-12-29',
    happened: 'Workers reported success, and 57 % of the predictions were dropped on the way into the table.',
    guard: 'publications_audited',
    beside: ['partial_gap', 'players_missing'],
    replay: changed('more than half of the published players are not in the table', {
      sql: [
        'DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND MOD(player_id, 7) < 4',
      ],
    }),
    twin: changed('an attempt that has just begun has copied its rows and not published them yet', {
      sql: [
        again(
          playerPropPredictions,
          { publication_id: "'drill'", predicted_at: 'CAST(@as_of AS TIMESTAMP)' },
          'slate = CAST(@slate AS DATE)',
        ),
      ],
    }),
  }),
  defineDrill({
    id: 'fallback-forecast',
    incident: 'I84',
    date: '2026-01-12',
    happened: 'The model file was absent; an average was published for everybody for four days.',
    guard: 'predictions_constant',
    beside: ['bias_against_line', 'direction_imbalance'],
    replay: changed('a system says the same number for everybody', {
      sql: [
        "UPDATE nba_predictions.player_prop_predictions SET predicted = 12.5 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge'",
      ],
    }),
    twin: unchanged('every system has its own number for every player'),
  }),
  defineDrill({
    id: 'all-under',
    incident: 'I86',
    date: '2026-02-02',
    happened: 'A new champion said under for nearly everybody and lost for six days.',
    guard: 'direction_imbalance',
    replay: changed('every forecast of a system a point or more from the line is under it', {
      sql: [
        "UPDATE nba_predictions.player_prop_predictions SET edge = -1.2 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND edge IS NOT NULL",
      ],
    }),
    twin: changed('seven of ten are under', {
      sql: [
        "UPDATE nba_predictions.player_prop_predictions SET edge = CASE WHEN MOD(player_id, 10) < 7 THEN -1.2 ELSE 1.2 END WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND edge IS NOT NULL",
      ],
    }),
  }),
];

/** Published rows of tonight as a worker would write them. */
async function publishedRows({ warehouse, asOf }: DrillContext): Promise<StagedPrediction[]> {
  const names = Object.keys(stagedPredictions.columns).join(', ');
  return warehouse.query<StagedPrediction>(
    `SELECT ${names} FROM nba_predictions.player_prop_predictions WHERE slate BETWEEN fn.add_days(CAST(@today AS DATE), -1) AND CAST(@today AS DATE) ORDER BY player_id, system_id LIMIT 5`,
    { today: asOf.toISOString().slice(0, 10) },
  );
}

/** The newest batch as if it were still running. */
function running({
  ageMinutes,
  silentMinutes,
}: {
  readonly ageMinutes: number;
  readonly silentMinutes: number;
}): Sabotage {
  return {
    act: async ({ state }, { asOf }) => {
      const batch = await newestBatch({ state });
      const put = (document: BatchDoc) =>
        state.transaction(async (tx) => tx.put(COLLECTIONS.batches, batch.batch_id, document));
      const ago = (minutes: number): string => new Date(asOf.getTime() - minutes * MINUTE).toISOString();
      await put({
        ...batch,
        state: 'running',
        created_at: ago(ageMinutes),
        progress_at: ago(silentMinutes),
        closed_at: null,
      });
      return () => put(batch);
    },
  };
}

function staged({
  tables,
  owned,
  expiredHours,
}: {
  readonly tables: number;
  readonly owned: boolean;
  readonly expiredHours: number;
}): Sabotage {
  return {
    act: async (context, { asOf }) => {
      const batch = await newestBatch(context);
      const prefix = owned ? stagingPrefix(batch.batch_id) : `${STAGING_PREFIX}lost__`;
      const expiresAt = new Date(asOf.getTime() - expiredHours * HOUR).toISOString();
      const refs = Array.from(
        { length: tables },
        (_, i) => ({ dataset: 'nba_predictions', name: `${prefix}drill_${i}` }) as const,
      );
      for (const ref of refs) await context.warehouse.createTable(stagedPredictions, ref, { expiresAt });
      return async () => {
        for (const ref of refs) await context.warehouse.dropTable(ref);
      };
    },
  };
}

async function newestBatch({ state }: Pick<CanaryContext, 'state'>): Promise<BatchDoc> {
  const batch = (await listBatches(state)).at(-1);
  if (batch === undefined) throw new Error('expected a batch in the healthy league');
  return batch;
}
