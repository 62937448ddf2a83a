import { z } from 'zod';
import { columnNames } from '#core/contracts/define.ts';
import { type StagedPrediction, stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import type { ModelSource } from '#model/systems.ts';
import type { Clock } from '#platform/clock.ts';
import type { Delivery, Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { TableRef, Warehouse } from '#platform/warehouse/port.ts';
import { currentInputs, type InputSource } from './inputs.ts';
import { checkOutput, STAGING_HOURS, stagingTable } from './output-gate.ts';
import { DEFAULT_RULES, type PickRules, playerRows } from './prediction-rows.ts';
import { digestOfRows } from './published-rows.ts';
import {
  acceptsOutcomes,
  type BatchDoc,
  COLLECTIONS,
  type OutcomeDoc,
  outcomeKey,
  type UnitDoc,
  unitKey,
} from './state.ts';

export interface WorkerDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly models: ModelSource;
  /** Where feature rows come from; read anew for every unit when absent. */
  readonly inputs?: InputSource;
  readonly codeVersion: string;
  readonly rules?: PickRules;
  /** Deliveries after which a unit whose prediction keeps failing transiently is given up; 4 when absent. */
  readonly maxAttempts?: number;
}

/** How a delivery was handled. `late`, `duplicate`: acknowledged, nothing written. `retry`: returned to the queue. */
export type Handled = 'done' | 'duplicate' | 'late' | 'retry' | 'failed' | 'poison';

const MAX_ATTEMPTS = 4;
const MAX_DELAY_SECONDS = 60;
/** Ids that every state store accepts. */
const id = z.string().regex(/^[\w-]{1,200}$/);
const body = z.object({ batch_id: id, unit_id: id });

/**
 * Predicts one unit. Its rows are staged before its outcomes are recorded, in a table that belongs to this claim alone, and
 * the first worker to record outcomes wins: a unit that is delivered twice, late, or to two workers at once still ends with
 * one table and one outcome per player. A batch that has ended accepts nothing more.
 *
 * Transient failures return the message to the queue with a growing delay; permanent ones, and a transient one on the last
 * attempt, become failed outcomes with their reason. A malformed message is parked. When the state store cannot be written,
 * the error is thrown or the delivery retried: a message is never acknowledged before its outcomes are recorded.
 */
export async function handleUnit(deps: WorkerDeps, delivery: Delivery): Promise<Handled> {
  const parsed = body.safeParse(delivery.body);
  if (!parsed.success) {
    await deps.queue.park(delivery, `not a prediction unit: ${z.prettifyError(parsed.error)}`);
    return 'poison';
  }
  const { batch_id: batchId, unit_id: unitId } = parsed.data;
  const isLast = delivery.attempt >= (deps.maxAttempts ?? MAX_ATTEMPTS);
  try {
    const claimed = await claim(deps, batchId, unitId);
    if (claimed.kind === 'unknown') {
      await deps.queue.park(delivery, `there is no unit ${unitId} of batch ${batchId}`);
      return 'poison';
    }
    if (claimed.kind !== 'claimed') {
      await delivery.ack();
      return claimed.kind;
    }
    const { batch, unit } = claimed;
    const landed = await stage(deps, batch, unit).catch((error: unknown) => {
      if (isTransient(error) && !isLast) throw error;
      return allFailed(unit, error);
    });
    const finished = await finish(deps, batch, unit, landed);
    if (!finished && landed.table !== undefined) await deps.warehouse.dropTable(landed.table);
    await delivery.ack();
    if (!finished) return 'late';
    return landed.table === undefined ? 'failed' : 'done';
  } catch (error) {
    if (!isTransient(error)) throw error;
    await delivery.nack(Math.min(MAX_DELAY_SECONDS, 2 ** delivery.attempt));
    return 'retry';
  }
}

/** A worker's result for a unit: a staging table, unless everything failed, and an outcome per player. */
interface StagedUnit {
  readonly table: TableRef | undefined;
  readonly outcomes: readonly PlannedOutcome[];
}

type Claim =
  | { readonly kind: 'claimed'; readonly batch: BatchDoc; readonly unit: UnitDoc }
  | { readonly kind: 'unknown' | 'late' | 'duplicate' };

/** Claims a unit under a new number, which makes the name of the staging table unique. */
async function claim({ state }: WorkerDeps, batchId: string, unitId: string): Promise<Claim> {
  return state.transaction<Claim>(async (tx) => {
    const batch = await tx.get<BatchDoc>(COLLECTIONS.batches, batchId);
    const unit = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batchId, unitId));
    if (batch === undefined || unit === undefined) return { kind: 'unknown' };
    if (!acceptsOutcomes(batch.data.state)) return { kind: 'late' };
    if (unit.data.state === 'done') return { kind: 'duplicate' };
    const mine: UnitDoc = { ...unit.data, claim: unit.data.claim + 1 };
    tx.put(COLLECTIONS.units, unitKey(batchId, unitId), mine);
    return { kind: 'claimed', batch: batch.data, unit: mine };
  });
}

function allFailed(unit: UnitDoc, error: unknown): StagedUnit {
  const text = error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error);
  const reason = text.slice(0, MAX_REASON_LENGTH);
  return {
    table: undefined,
    outcomes: unit.players.map((player_id) => ({ player_id, outcome: 'failed', rows: 0, reason })),
  };
}

const MAX_REASON_LENGTH = 2000;
type PlannedOutcome = Pick<OutcomeDoc, 'player_id' | 'outcome' | 'rows' | 'rows_digest' | 'reason'>;

async function stage(deps: WorkerDeps, batch: BatchDoc, unit: UnitDoc): Promise<StagedUnit> {
  const { warehouse, clock } = deps;
  const model = await deps.models.forSlate(batch.slate);
  const inputs = await (deps.inputs ?? currentInputs(warehouse)).ofPlayers(batch.slate, unit.players);
  const byPlayer = new Map(inputs.map((input) => [input.player_id, input]));
  const context = {
    batch,
    unitId: unit.unit_id,
    model,
    rules: deps.rules ?? DEFAULT_RULES,
    predictedAt: clock.now().toISOString(),
    codeVersion: deps.codeVersion,
  };
  const rows: StagedPrediction[] = [];
  const outcomes = unit.players.map((player_id): PlannedOutcome => {
    const input = byPlayer.get(player_id);
    if (input === undefined)
      return { player_id, outcome: 'failed', rows: 0, reason: 'the feature row of the player is gone' };
    const made = playerRows(input, context);
    if ('failed' in made) return { player_id, outcome: 'failed', rows: 0, reason: made.failed };
    rows.push(...made.rows);
    return {
      player_id,
      outcome: 'predicted',
      rows: made.rows.length,
      rows_digest: digestOfRows(made.rows),
      reason: made.without,
    };
  });
  await checkOutput(warehouse, rows);
  const table = stagingTable(batch.batch_id, unit.unit_id, unit.claim);
  await warehouse.stage(stagedPredictions, table, rows, {
    labels: { batch: batch.batch_id, slate: batch.slate, unit: unit.unit_id, claim: String(unit.claim) },
    expiresAt: new Date(clock.now().getTime() + STAGING_HOURS * 3_600_000).toISOString(),
  });
  return { table, outcomes };
}

/** Records the outcomes of a unit. False when its batch has ended or another worker was first. */
async function finish(
  { state, clock }: WorkerDeps,
  batch: BatchDoc,
  unit: UnitDoc,
  landed: StagedUnit,
): Promise<boolean> {
  return state.transaction(async (tx) => {
    const now = await tx.get<BatchDoc>(COLLECTIONS.batches, batch.batch_id);
    const current = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id));
    if (now === undefined || current === undefined) return false;
    if (!acceptsOutcomes(now.data.state) || current.data.state === 'done') return false;
    const at = clock.now().toISOString();
    for (const outcome of landed.outcomes) {
      const doc: OutcomeDoc = { batch_id: batch.batch_id, ...outcome, at };
      tx.put(COLLECTIONS.outcomes, outcomeKey(batch.batch_id, outcome.player_id), doc);
    }
    const rows = landed.outcomes.reduce((total, outcome) => total + outcome.rows, 0);
    const columns = columnNames(stagedPredictions);
    const staging_table = landed.table?.name ?? null;
    const done: UnitDoc = { ...current.data, state: 'done', staging_table, columns, rows };
    tx.put(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id), done);
    tx.put(COLLECTIONS.batches, batch.batch_id, { ...now.data, progress_at: at });
    return true;
  });
}
