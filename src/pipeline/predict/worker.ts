import { z } from 'zod';
import { type StagedPrediction, stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import { isTransient, messageOf } from '#core/errors.ts';
import { FEATURES } from '#core/features.ts';
import type { ModelSource } from '#model/serving.ts';
import type { Clock } from '#platform/clock.ts';
import type { Delivery, Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Row, TableRef, Warehouse } from '#platform/warehouse/port.ts';
import { type BatchDoc, COLLECTIONS, type OutcomeDoc, outcomeKey, type UnitDoc, unitKey } from './documents.ts';
import { DEFAULT_RULES, type PickRules } from './recommendation.ts';
import { PLAYER_INPUTS, type PlayerInput, playerRows } from './rows.ts';
import { STAGING_HOURS, stagingTable } from './staging.ts';

export interface WorkerDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly models: ModelSource;
  readonly codeVersion: string;
  readonly rules?: PickRules;
  /** Deliveries after which a unit that keeps failing transiently is given up; 4 when absent. */
  readonly maxAttempts?: number;
}

/** What became of a delivery. `late`, `duplicate`: acknowledged, nothing written. `retry`: given back to the queue. */
export type Handled = 'done' | 'duplicate' | 'late' | 'busy' | 'retry' | 'failed' | 'poison';

/** Seconds for which a worker owns a unit; a second one waits that long before it takes over. */
export const CLAIM_SECONDS = 120;

const body = z.object({ batch_id: z.string().min(1), unit_id: z.string().min(1) });
const FEATURE_NAMES = new Set(FEATURES.map(({ name }) => name));

/**
 * Predicts one unit. The rows land before the outcomes do, in a staging table that belongs to this claim alone, so a
 * unit that is delivered twice, late, or to two workers at once ends with one table and one outcome per player.
 *
 * Transient failures give the message back with a growing delay; permanent ones, and a transient one that came too often,
 * become failed outcomes with their reason. A message that is no unit is parked.
 */
export async function handleUnit(deps: WorkerDeps, delivery: Delivery): Promise<Handled> {
  const parsed = body.safeParse(delivery.body);
  if (!parsed.success) {
    await deps.queue.park(delivery, `not a prediction unit: ${z.prettifyError(parsed.error)}`);
    return 'poison';
  }
  const { batch_id: batchId, unit_id: unitId } = parsed.data;
  const claimed = await claim(deps, batchId, unitId);
  if (claimed.kind === 'unknown') {
    await deps.queue.park(delivery, `there is no unit ${unitId} of batch ${batchId}`);
    return 'poison';
  }
  if (claimed.kind === 'busy') {
    await delivery.nack(CLAIM_SECONDS);
    return 'busy';
  }
  if (claimed.kind !== 'claimed') {
    await delivery.ack();
    return claimed.kind;
  }
  const { batch, unit } = claimed;
  try {
    const landed = await stage(deps, batch, unit);
    const finished = await finish(deps, batch, unit, landed.table, landed.outcomes);
    if (!finished) await deps.warehouse.dropTable(landed.table);
    await delivery.ack();
    return finished ? 'done' : 'late';
  } catch (error) {
    if (isTransient(error) && delivery.attempt < (deps.maxAttempts ?? 4)) {
      await release(deps, batch, unit);
      await delivery.nack(Math.min(60, 2 ** delivery.attempt));
      return 'retry';
    }
    const reason = messageOf(error).slice(0, 500);
    const outcomes = unit.players.map((player): PlannedOutcome => ({ player_id: player, outcome: 'failed', rows: 0, reason }));
    const finished = await finish(deps, batch, unit, undefined, outcomes);
    await delivery.ack();
    return finished ? 'failed' : 'late';
  }
}

type Claim =
  | { readonly kind: 'claimed'; readonly batch: BatchDoc; readonly unit: UnitDoc }
  | { readonly kind: 'unknown' | 'late' | 'duplicate' | 'busy' };

async function claim({ state, clock }: WorkerDeps, batchId: string, unitId: string): Promise<Claim> {
  return state.transaction<Claim>(async (tx) => {
    const batch = await tx.get<BatchDoc>(COLLECTIONS.batches, batchId);
    const unit = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batchId, unitId));
    if (batch === undefined || unit === undefined) return { kind: 'unknown' };
    if (batch.data.state !== 'dispatching' && batch.data.state !== 'running') return { kind: 'late' };
    if (unit.data.state === 'done') return { kind: 'duplicate' };
    const now = clock.now();
    const isOwned = unit.data.claimed_until !== null && Date.parse(unit.data.claimed_until) > now.getTime();
    if (unit.data.state === 'working' && isOwned) return { kind: 'busy' };
    const mine: UnitDoc = {
      ...unit.data,
      state: 'working',
      claim: unit.data.claim + 1,
      claimed_until: new Date(now.getTime() + CLAIM_SECONDS * 1000).toISOString(),
    };
    tx.put(COLLECTIONS.units, unitKey(batchId, unitId), mine);
    return { kind: 'claimed', batch: batch.data, unit: mine };
  });
}

/** Gives a unit back that this worker still owns. */
async function release({ state }: WorkerDeps, batch: BatchDoc, unit: UnitDoc): Promise<void> {
  await state.transaction(async (tx) => {
    const now = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id));
    if (now?.data.claim === unit.claim && now.data.state === 'working') {
      tx.put(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id), { ...now.data, state: 'waiting', claimed_until: null });
    }
  });
}

type PlannedOutcome = Pick<OutcomeDoc, 'player_id' | 'outcome' | 'rows' | 'reason'>;

async function stage(deps: WorkerDeps, batch: BatchDoc, unit: UnitDoc): Promise<{ table: TableRef; outcomes: PlannedOutcome[] }> {
  const { warehouse, clock } = deps;
  const model = await deps.models.forSlate(batch.slate);
  const inputs = await warehouse.query<Row>(PLAYER_INPUTS, { slate: batch.slate, ids: unit.players });
  const byPlayer = new Map(inputs.map((row) => [row['player_id'], toInput(row)]));
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
    if (input === undefined) return { player_id, outcome: 'failed', rows: 0, reason: 'the feature row of the player is gone' };
    const made = playerRows(input, context);
    if ('failed' in made) return { player_id, outcome: 'failed', rows: 0, reason: made.failed };
    rows.push(...made.rows);
    return { player_id, outcome: 'predicted', rows: made.rows.length, reason: null };
  });
  const table = stagingTable(batch.batch_id, unit.unit_id, unit.claim);
  await warehouse.dropTable(table);
  await warehouse.createTable(stagedPredictions, table, {
    labels: { batch: batch.batch_id, slate: batch.slate, unit: unit.unit_id, claim: String(unit.claim) },
    expiresAt: new Date(clock.now().getTime() + STAGING_HOURS * 3_600_000).toISOString(),
  });
  await warehouse.append(stagedPredictions, rows, table);
  return { table, outcomes };
}

/** Records the outcomes of a unit, unless its batch was closed or its claim lost meanwhile. */
async function finish(
  { state, clock }: WorkerDeps,
  batch: BatchDoc,
  unit: UnitDoc,
  table: TableRef | undefined,
  outcomes: readonly PlannedOutcome[],
): Promise<boolean> {
  return state.transaction(async (tx) => {
    const now = await tx.get<BatchDoc>(COLLECTIONS.batches, batch.batch_id);
    const owned = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id));
    if (now === undefined || owned === undefined) return false;
    if (now.data.state !== 'dispatching' && now.data.state !== 'running') return false;
    if (owned.data.claim !== unit.claim || owned.data.state !== 'working') return false;
    const at = clock.now().toISOString();
    const rows = outcomes.reduce((total, outcome) => total + outcome.rows, 0);
    for (const outcome of outcomes) {
      const doc: OutcomeDoc = { batch_id: batch.batch_id, ...outcome, at };
      tx.put(COLLECTIONS.outcomes, outcomeKey(batch.batch_id, outcome.player_id), doc);
    }
    const done: UnitDoc = { ...owned.data, state: 'done', claimed_until: null, staging_table: table?.name ?? null, rows };
    tx.put(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id), done);
    tx.put(COLLECTIONS.batches, batch.batch_id, { ...now.data, progress_at: at });
    return true;
  });
}

function toInput(row: Row): PlayerInput {
  const features: Record<string, number | null> = {};
  const rest: Row = {};
  for (const [name, value] of Object.entries(row)) {
    if (FEATURE_NAMES.has(name)) features[name] = value === null ? null : Number(value);
    else rest[name] = value;
  }
  return { ...(rest as unknown as Omit<PlayerInput, 'features'>), features };
}
