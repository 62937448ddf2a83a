import { columnNames } from '#core/contracts/define.ts';
import { playerPropPredictions, stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import { subsetPicks } from '#core/contracts/nba_predictions/subset-picks.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { move, readBatch, readOutcomes, readUnits } from '#pipeline/predict/batches.ts';
import type { BatchDoc, OutcomeDoc, UnitDoc } from '#pipeline/predict/documents.ts';
import { CHAMPION_SYSTEM } from '#pipeline/predict/rows.ts';
import { stagingPrefix } from '#pipeline/predict/staging.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type AuditCheck, audit } from './audit.ts';
import { acquireLease, fenced, type Lease, releaseLease, renewLease } from './lease.ts';
import { type PickRow, subsetPicksOf } from './subsets.ts';
import { withdraw } from './undo.ts';

export interface ConsolidationDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly codeVersion: string;
}

/** Why a batch is closed. */
export interface Closing {
  readonly by: string;
  readonly reason?: string;
  /** Keep what was staged instead of publishing it. */
  readonly hold?: boolean;
}

const COLUMNS = columnNames(stagedPredictions).join(', ');
/** The system whose rows make the picks; the market-aware view stands beside it. */
const PICKING_SYSTEM = CHAMPION_SYSTEM;

/** Rows the subsets of a slate choose from: those of this publication, and the visible ones of players it does not have. */
const SLATE_PICKS = `
WITH own AS (
  SELECT prediction_id, slate, record_class, system_id, player_id, recommendation, edge, confidence, is_actionable, line_role
  FROM nba_predictions.player_prop_predictions
  WHERE slate = CAST(@slate AS DATE) AND publication_id = @publication_id
),
earlier AS (
  SELECT c.prediction_id, c.slate, c.record_class, c.system_id, c.player_id, c.recommendation, c.edge, c.confidence, c.is_actionable, c.line_role
  FROM nba_predictions.current_predictions c
  WHERE c.slate = CAST(@slate AS DATE) AND NOT EXISTS (SELECT 1 FROM own o WHERE o.player_id = c.player_id)
)
SELECT @publication_id AS publication_id, prediction_id, slate, record_class, system_id, player_id, recommendation, edge, confidence, is_actionable
FROM (SELECT * FROM own UNION ALL SELECT * FROM earlier) AS standing
WHERE system_id = @system AND line_role = 'main'`;

/**
 * Takes a batch in consolidation to its end: lease, audit, one atomic copy of the staged rows under one publication id, the
 * receipt that makes them visible, the subset picks. Safe to run again after a crash at any point: every step replaces
 * what an earlier run left. Returns the batch as it stands afterwards.
 *
 * A failed audit holds the batch and nothing becomes visible. A lease lost to a newer token is TIPOFF_FENCED, and what was
 * copied is removed again.
 */
export async function consolidate(deps: ConsolidationDeps, batchId: string, closing: Closing): Promise<BatchDoc> {
  const batch = await readBatch(deps.state, batchId);
  if (batch.state !== 'consolidating') return batch;
  const [units, outcomes] = [await readUnits(deps.state, batchId), await readOutcomes(deps.state, batchId)];
  const predicted = outcomes.filter(({ outcome }) => outcome === 'predicted');
  const end = async (to: 'held' | 'failed', reason: string): Promise<BatchDoc> =>
    (await move(deps, batchId, ['consolidating'], to, { by: closing.by, reason })) ?? (await readBatch(deps.state, batchId));
  if (predicted.length === 0) return end(units.length === 0 ? 'held' : 'failed', nothingStaged(closing, outcomes));
  if (closing.hold === true) return end('held', closing.reason ?? 'held by policy');

  const lease = await acquireLease(deps, batch.slate, batchId);
  try {
    const staged = stagedSelect(units);
    const checks = await audit(deps.warehouse, staged, outcomes, units);
    const broken = checks.filter((check) => !check.ok && check.severity === 'error');
    if (broken.length > 0) return await end('held', `the audit failed: ${broken.map(sentence).join('; ')}`);
    return await publish(deps, { batch, units, outcomes, checks, staged, lease, closing });
  } catch (error) {
    if (error instanceof TipoffError && error.transient) throw error;
    if (error instanceof TipoffError && error.code === 'TIPOFF_FENCED') throw error;
    return await end('held', `consolidation failed: ${messageOf(error)}`);
  } finally {
    await releaseLease(deps, lease);
  }
}

interface Work {
  readonly batch: BatchDoc;
  readonly units: readonly UnitDoc[];
  readonly outcomes: readonly OutcomeDoc[];
  readonly checks: readonly AuditCheck[];
  readonly staged: string;
  readonly lease: Lease;
  readonly closing: Closing;
}

async function publish(deps: ConsolidationDeps, work: Work): Promise<BatchDoc> {
  const { batch, outcomes, lease, closing } = work;
  const publicationId = `${batch.batch_id}-p`;
  const at = deps.clock.now().toISOString();
  const range = { column: 'slate', from: batch.slate, to: batch.slate, extraWhere: `publication_id = '${publicationId}'` };
  await deps.warehouse.replaceRange(
    playerPropPredictions,
    range,
    `SELECT @publication_id AS publication_id,
      CASE WHEN run_mode <> 'BACKFILL' AND tipoff_at > CAST(@published_at AS TIMESTAMP) THEN 'live' ELSE 'backfill' END AS record_class,
      ${COLUMNS} FROM (${work.staged}) AS staged`,
    { publication_id: publicationId, published_at: at },
  );
  const picks = await deps.warehouse.query<PickRow>(SLATE_PICKS, {
    slate: batch.slate,
    publication_id: publicationId,
    system: PICKING_SYSTEM,
  });
  await deps.warehouse.execute('DELETE FROM nba_predictions.subset_picks WHERE slate = CAST(@slate AS DATE) AND publication_id = @id', {
    slate: batch.slate,
    id: publicationId,
  });
  await deps.warehouse.append(subsetPicks, subsetPicksOf(picks));
  await renewLease(deps, lease);
  const isFull = outcomes.every(({ outcome }) => outcome === 'predicted' || outcome === 'skipped');
  if (!(await receipt(deps, work, publicationId, at, isFull))) {
    await withdrawRows(deps, batch, publicationId);
    throw fenced(lease, undefined);
  }
  const moved = await move(deps, batch.batch_id, ['consolidating'], isFull ? 'published' : 'published_partial', {
    by: closing.by,
    ...(closing.reason === undefined ? {} : { reason: closing.reason }),
    set: { publication_id: publicationId },
  });
  if (moved === undefined) return overtaken(deps, work, publicationId, at);
  for (const table of await deps.warehouse.listTables('nba_predictions', stagingPrefix(batch.batch_id)))
    await deps.warehouse.dropTable(table);
  return moved;
}

/** Writes the row that makes a publication visible, unless a newer token has published the slate. True when it stands. */
async function receipt(deps: ConsolidationDeps, work: Work, publicationId: string, at: string, isFull: boolean): Promise<boolean> {
  const { batch, outcomes, checks, lease, closing } = work;
  const missing = outcomes
    .filter(({ outcome }) => outcome === 'failed' || outcome === 'timed_out')
    .map(({ player_id, outcome, reason }) => ({ player_id, outcome, reason }));
  const written = await deps.warehouse.execute(
    `INSERT INTO nba_predictions.publications (publication_id, event, event_at, event_by, reason, batch_id, slate, run_mode, completeness,
       fencing_token, rows, players, expected, missing, audit, model_id, model_hash, code_version)
     SELECT @publication_id, 'published', CAST(@at AS TIMESTAMP), @by, @reason, @batch_id, CAST(@slate AS DATE), @run_mode, @completeness,
       CAST(@token AS INT64), COUNT(*), COUNT(DISTINCT p.player_id), CAST(@expected AS INT64), @missing, @audit, MIN(p.model_id), MIN(p.model_hash), @code_version
     FROM nba_predictions.player_prop_predictions p
     WHERE p.slate = CAST(@slate AS DATE) AND p.publication_id = @publication_id
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
         WHERE q.slate = CAST(@slate AS DATE) AND (q.fencing_token > CAST(@token AS INT64) OR (q.publication_id = @publication_id AND q.event = 'published')))
     HAVING COUNT(*) > 0`,
    {
      publication_id: publicationId,
      at,
      by: closing.by,
      reason: closing.reason ?? null,
      batch_id: batch.batch_id,
      slate: batch.slate,
      run_mode: batch.mode,
      completeness: isFull ? 'full' : 'partial',
      token: lease.token,
      expected: batch.expected,
      missing: JSON.stringify(missing),
      audit: JSON.stringify(checks),
      code_version: deps.codeVersion,
    },
  );
  if (written > 0) return true;
  const standing = await deps.warehouse.query(
    "SELECT event FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE) AND publication_id = @id AND event = 'published'",
    { slate: batch.slate, id: publicationId },
  );
  return standing.length > 0;
}

/** The batch was reset between the copy and its last move: the publication is taken back at once. */
async function overtaken(deps: ConsolidationDeps, { batch, closing }: Work, publicationId: string, at: string): Promise<BatchDoc> {
  const now = await readBatch(deps.state, batch.batch_id);
  if (now.publication_id === publicationId) return now;
  await withdraw(deps, {
    publicationId,
    slate: batch.slate,
    by: closing.by,
    reason: `batch became ${now.state} while it was published`,
    at,
  });
  return now;
}

async function withdrawRows(deps: ConsolidationDeps, batch: BatchDoc, publicationId: string): Promise<void> {
  for (const table of ['player_prop_predictions', 'subset_picks']) {
    await deps.warehouse.execute(`DELETE FROM nba_predictions.${table} WHERE slate = CAST(@slate AS DATE) AND publication_id = @id`, {
      slate: batch.slate,
      id: publicationId,
    });
  }
}

/** Reads the staging tables of finished units, columns by name. */
function stagedSelect(units: readonly UnitDoc[]): string {
  const tables = units.flatMap(({ staging_table }) => (staging_table === null ? [] : [staging_table]));
  return tables.map((table) => `SELECT ${COLUMNS} FROM nba_predictions.${table}`).join(' UNION ALL ');
}

function nothingStaged({ reason }: Closing, outcomes: readonly OutcomeDoc[]): string {
  const skipped = outcomes.filter(({ outcome }) => outcome === 'skipped').length;
  const detail = `nobody was predicted: ${skipped} of ${outcomes.length} players were skipped by the gate`;
  return reason === undefined ? detail : `${reason}; ${detail}`;
}

function sentence({ name, expected, seen }: AuditCheck): string {
  return `${name} (expected ${expected}, saw ${seen})`;
}
