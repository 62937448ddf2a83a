import type { Slate } from '#core/calendar.ts';
import type { Publication } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { type Statement, statement } from '#core/statement.ts';
import type { Clock } from '#platform/clock.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import { stagedSelect } from './published-rows.ts';
import type { BatchDoc, UnitDoc } from './state.ts';

/** What a receipt records beyond what the published rows contain. */
export interface Receipt {
  readonly publicationId: string;
  readonly batch: BatchDoc;
  /** ISO instant. */
  readonly at: string;
  readonly by: string;
  readonly reason: string | null;
  readonly completeness: 'full' | 'partial';
  readonly token: number;
  /** Players with a row, as the audit found them. */
  readonly players: number;
  /** JSON: expected players without a row. */
  readonly missing: string;
  /** JSON: the checks of the audit. */
  readonly audit: string;
  /** Digest of the rows as they were made; null when it is not known. */
  readonly rowsDigest: string | null;
  readonly codeVersion: string;
  /** The batch predicted nobody and took back what was visible: a publication without rows. */
  readonly onlyWithdraws: boolean;
}

/** Publication id of one attempt. Attempts never share rows, so none can remove those of another. */
export function publicationIdOf(batchId: string, token: number): string {
  return `${batchId}-p${token}`;
}

/**
 * Writes the row that makes a publication visible, in one statement that also checks that nothing forbids it: no event of the
 * slate with this token or a larger one, and no publication of the same batch. False when either exists or there are no rows.
 */
export async function writeReceipt(warehouse: Warehouse, receipt: Receipt): Promise<boolean> {
  const { batch } = receipt;
  const written = await warehouse.execute(
    `INSERT INTO nba_predictions.publications (publication_id, event, event_at, event_by, reason, batch_id, slate, run_mode, completeness,
       fencing_token, row_count, players, expected, missing, audit, rows_digest, model_id, model_hash, code_version)
     SELECT @publication_id, 'published', CAST(@at AS TIMESTAMP), @by, @reason, @batch_id, CAST(@slate AS DATE), @run_mode, @completeness,
       CAST(@token AS INT64), COUNT(*), CAST(@players AS INT64), CAST(@expected AS INT64), @missing, @audit, CAST(@rows_digest AS STRING), COALESCE(MIN(p.model_id), 'none'), COALESCE(MIN(p.model_hash), 'none'), @code_version
     FROM nba_predictions.player_prop_predictions p
     WHERE p.slate = CAST(@slate AS DATE) AND p.publication_id = @publication_id
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
         WHERE q.slate = CAST(@slate AS DATE) AND (q.fencing_token >= CAST(@token AS INT64) OR (q.batch_id = @batch_id AND q.event = 'published')))
     HAVING COUNT(*) > 0 OR CAST(@only_withdraws AS BOOL)`,
    {
      publication_id: receipt.publicationId,
      at: receipt.at,
      by: receipt.by,
      reason: receipt.reason,
      batch_id: batch.batch_id,
      slate: batch.slate,
      run_mode: batch.mode,
      completeness: receipt.completeness,
      token: receipt.token,
      players: receipt.players,
      expected: batch.expected,
      missing: receipt.missing,
      audit: receipt.audit,
      rows_digest: receipt.rowsDigest,
      code_version: receipt.codeVersion,
      only_withdraws: receipt.onlyWithdraws,
    },
  );
  return written > 0;
}

/** Who is withdrawn, and why. */
interface WithdrawnPlayers {
  readonly players: readonly number[];
  readonly reason: string;
}

/**
 * Takes back what is visible of some players under the publication id of an attempt, unless the slate has an event with its
 * token or a larger one. In force at once and for good: a receipt that does not follow leaves less visible and nothing wrong,
 * and withdrawing the publication does not bring back what was no longer true. A player is visible again with the next
 * publication that has him. Returns the number of withdrawn pairs of player and market.
 */
export async function withdrawPlayers(
  warehouse: Warehouse,
  attempt: Pick<Receipt, 'publicationId' | 'token' | 'at' | 'by' | 'codeVersion'> & { readonly slate: Slate },
  { players, reason }: WithdrawnPlayers,
): Promise<number> {
  return warehouse.execute(
    `INSERT INTO nba_predictions.withdrawals (publication_id, slate, player_id, market, reason, fencing_token, withdrawn_at, withdrawn_by, code_version)
     SELECT DISTINCT @publication_id, c.slate, c.player_id, c.market, @reason, CAST(@token AS INT64), CAST(@at AS TIMESTAMP), @by, @code_version
     FROM nba_predictions.current_predictions c
     WHERE c.slate = CAST(@slate AS DATE) AND c.player_id IN UNNEST(@players)
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
         WHERE q.slate = CAST(@slate AS DATE) AND q.fencing_token >= CAST(@token AS INT64))`,
    { ...withdrawalParams(attempt), reason, players },
  );
}

/** Takes back the markets of predicted players that their new rows do not have: their lines are gone. As `withdrawPlayers`. */
export function lostMarkets(units: readonly UnitDoc[]): Statement {
  return statement({
    owner: 'pipeline/batch/receipt',
    sql: `INSERT INTO nba_predictions.withdrawals (publication_id, slate, player_id, market, reason, fencing_token, withdrawn_at, withdrawn_by, code_version)
     SELECT DISTINCT @publication_id, c.slate, c.player_id, c.market, 'line_gone', CAST(@token AS INT64), CAST(@at AS TIMESTAMP), @by, @code_version
     FROM nba_predictions.current_predictions c
     JOIN (SELECT DISTINCT player_id FROM (${stagedSelect(units, ['player_id'])}) AS rows_of_players) s ON s.player_id = c.player_id
     LEFT JOIN (SELECT DISTINCT player_id, market FROM (${stagedSelect(units, ['player_id', 'market'])}) AS staged) m
       ON m.player_id = c.player_id AND m.market = c.market
     WHERE c.slate = CAST(@slate AS DATE) AND m.player_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
         WHERE q.slate = CAST(@slate AS DATE) AND q.fencing_token >= CAST(@token AS INT64))`,
  });
}

/** The parameters that all withdrawals of an attempt share. */
export function withdrawalParams(attempt: Parameters<typeof withdrawPlayers>[1]): SqlParams {
  const { publicationId, slate, token, at, by, codeVersion } = attempt;
  return { publication_id: publicationId, slate, token, at, by, code_version: codeVersion };
}

/** What the warehouse knows about the batches of a slate: which have rows or events, and the largest token among the events. */
export interface Traces {
  readonly batches: readonly string[];
  readonly token: number;
}

/**
 * Reads the traces that batches of a slate have left in the warehouse. A state store that was lost or restored from a backup
 * knows less; numbering continues from these traces, so that no id or token is reused.
 */
export async function tracesOf(warehouse: Warehouse, slate: Slate): Promise<Traces> {
  const found = await warehouse.query<{ batch_id: string; token: number }>(
    `SELECT batch_id, MAX(token) AS token FROM (
       SELECT batch_id, fencing_token AS token FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE)
       UNION ALL
       SELECT DISTINCT batch_id, 0 AS token FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)
     ) AS traces GROUP BY batch_id`,
    { slate },
  );
  return {
    batches: found.map(({ batch_id }) => batch_id),
    token: Math.max(0, ...found.map(({ token }) => token)),
  };
}

/** The receipt of a batch, visible or withdrawn; undefined when it has none. A batch has at most one. */
export async function receiptOf(
  warehouse: Warehouse,
  batch: { readonly batch_id: string; readonly slate: Slate },
): Promise<{ publication_id: string; completeness: 'full' | 'partial' } | undefined> {
  const [found] = await warehouse.query<{ publication_id: string; completeness: 'full' | 'partial' }>(
    `SELECT publication_id, completeness FROM nba_predictions.publications
     WHERE slate = CAST(@slate AS DATE) AND batch_id = @batch_id AND event = 'published'`,
    { slate: batch.slate, batch_id: batch.batch_id },
  );
  return found;
}

/**
 * Rules out every receipt with a smaller token, by recording a withdrawal under this token. What is read about receipts of the
 * slate afterwards can no longer change.
 */
export async function forbidOlderReceipts(
  warehouse: Warehouse,
  batch: BatchDoc,
  how: {
    readonly token: number;
    readonly by: string;
    readonly reason: string;
    readonly at: string;
    readonly codeVersion: string;
  },
): Promise<void> {
  await warehouse.execute(
    `INSERT INTO nba_predictions.publications (publication_id, event, event_at, event_by, reason, batch_id, slate, run_mode, completeness,
       fencing_token, row_count, players, expected, missing, audit, model_id, model_hash, code_version)
     VALUES (@publication_id, 'withdrawn', CAST(@at AS TIMESTAMP), @by, @reason, @batch_id, CAST(@slate AS DATE), @run_mode, 'partial',
       CAST(@token AS INT64), 0, 0, CAST(@expected AS INT64), '[]', '[]', 'none', 'none', @code_version)`,
    {
      publication_id: publicationIdOf(batch.batch_id, how.token),
      at: how.at,
      by: how.by,
      reason: how.reason,
      batch_id: batch.batch_id,
      slate: batch.slate,
      run_mode: batch.mode,
      token: how.token,
      expected: batch.expected,
      code_version: how.codeVersion,
    },
  );
}

/** Removes the copied rows of an attempt without a receipt. */
export async function removeCopy(
  warehouse: Warehouse,
  batch: BatchDoc,
  publicationId: string,
): Promise<void> {
  await removeWhere(warehouse, 'attempt', { slate: batch.slate, id: publicationId });
}

/** Removes the copied rows of every attempt of a batch but the published one. */
export async function removeCopies(warehouse: Warehouse, batch: BatchDoc, keep: string): Promise<void> {
  await removeWhere(warehouse, 'other_attempts', { slate: batch.slate, prefix: `${batch.batch_id}-p`, keep });
}

/** Removes the copied rows of the attempts of a batch with a smaller token; none of them may have a receipt. */
export async function removeCopiesBefore(
  warehouse: Warehouse,
  batch: BatchDoc,
  token: number,
): Promise<void> {
  const ids = Array.from({ length: token - 1 }, (_, i) => publicationIdOf(batch.batch_id, i + 1));
  await removeWhere(warehouse, 'earlier_attempts', { slate: batch.slate, ids });
}

/** Tables that have rows of a publication. */
export const COPIED_TABLES = ['player_prop_predictions', 'subset_picks'] as const;
/** Which copies a removal removes, as a condition. */
export const COPIES = {
  attempt: 'publication_id = @id',
  other_attempts: 'STARTS_WITH(publication_id, @prefix) AND publication_id <> @keep',
  earlier_attempts: 'publication_id IN UNNEST(@ids)',
} as const;

/** Removes copied rows of a slate from one table. */
export function removal(table: (typeof COPIED_TABLES)[number], which: keyof typeof COPIES): Statement {
  return statement({
    owner: 'pipeline/batch/receipt',
    sql: `DELETE FROM nba_predictions.${table} WHERE slate = CAST(@slate AS DATE) AND ${COPIES[which]}`,
  });
}

async function removeWhere(
  warehouse: Warehouse,
  which: keyof typeof COPIES,
  params: SqlParams,
): Promise<void> {
  for (const table of COPIED_TABLES) {
    await warehouse.execute(removal(table, which).sql, params);
  }
}

export interface Withdrawal {
  readonly publicationId: string;
  readonly slate: Slate;
  readonly by: string;
  readonly reason: string;
  /** ISO instant. */
  readonly at: string;
}

/** Appends the withdrawn event of a visible publication. False when it is not visible. */
export async function withdraw(
  { warehouse }: { readonly warehouse: Warehouse },
  withdrawal: Withdrawal,
): Promise<boolean> {
  const { publicationId, slate, by, reason, at } = withdrawal;
  const written = await warehouse.execute(
    `INSERT INTO nba_predictions.publications (publication_id, event, event_at, event_by, reason, batch_id, slate, run_mode, completeness,
       fencing_token, row_count, players, expected, missing, audit, model_id, model_hash, code_version)
     SELECT p.publication_id, 'withdrawn', CAST(@at AS TIMESTAMP), @by, @reason, p.batch_id, p.slate, p.run_mode, p.completeness,
       p.fencing_token, p.row_count, p.players, p.expected, p.missing, p.audit, p.model_id, p.model_hash, p.code_version
     FROM nba_predictions.publications p
     WHERE p.slate = CAST(@slate AS DATE) AND p.publication_id = @id AND p.event = 'published'
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w
         WHERE w.slate = CAST(@slate AS DATE) AND w.publication_id = @id AND w.event = 'withdrawn')`,
    { id: publicationId, slate, by, reason, at },
  );
  return written > 0;
}

/** A publication with its state. */
export interface PublicationStatus
  extends Omit<Publication, 'event' | 'event_at' | 'event_by' | 'reason' | 'slate' | 'rows_digest'> {
  readonly slate: Slate;
  readonly published_at: string;
  readonly published_by: string;
  readonly withdrawn_at: string | null;
  readonly withdrawn_reason: string | null;
}

/** Publications of a slate, or all, newest first. */
export async function listPublications(warehouse: Warehouse, slate?: Slate): Promise<PublicationStatus[]> {
  return warehouse.query<PublicationStatus>(
    `SELECT p.publication_id, p.batch_id, p.slate, p.run_mode, p.completeness, p.fencing_token, p.row_count, p.players, p.expected, p.missing, p.audit,
       p.model_id, p.model_hash, p.code_version, p.event_at AS published_at, p.event_by AS published_by,
       w.event_at AS withdrawn_at, w.reason AS withdrawn_reason
     FROM nba_predictions.publications p
     LEFT JOIN nba_predictions.publications w ON w.publication_id = p.publication_id AND w.event = 'withdrawn'
     WHERE p.event = 'published' AND (@slate IS NULL OR p.slate = CAST(@slate AS DATE))
     ORDER BY p.event_at DESC, p.publication_id DESC`,
    { slate: slate ?? null },
  );
}

/** Withdraws a visible publication: what was visible before it is visible again. Throws TIPOFF_NOT_FOUND for one that is not visible. */
export async function undoPublication(
  deps: { readonly warehouse: Warehouse; readonly clock: Clock },
  request: { readonly publicationId: string; readonly by: string; readonly reason: string },
): Promise<PublicationStatus> {
  const known = (await listPublications(deps.warehouse)).find(
    ({ publication_id }) => publication_id === request.publicationId,
  );
  const at = deps.clock.now().toISOString();
  const done = known !== undefined && (await withdraw(deps, { ...request, slate: known.slate, at }));
  if (!done) {
    throw new TipoffError('TIPOFF_NOT_FOUND', `there is no visible publication ${request.publicationId}`, {
      hint: 'See `tipoff publish list`; a withdrawn publication cannot be withdrawn again.',
      details: { publication_id: request.publicationId, withdrawn_at: known?.withdrawn_at ?? null },
    });
  }
  return { ...known, withdrawn_at: at, withdrawn_reason: request.reason };
}
