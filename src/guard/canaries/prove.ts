import { slateOf } from '#core/calendar.ts';
import type { OutcomeStatus } from '#core/check.ts';
import { columnNames, type TableContract, tableId, wholePartition } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { TableRef, Warehouse } from '#platform/warehouse/port.ts';
import { slateLookedAt } from './ask.ts';
import { readCalendar } from './calendar.ts';
import type { Canary, CanaryContext, CanaryResult, Moment } from './definition.ts';
import { type CanaryDeps, runCanaries } from './run.ts';
import { paramsOf } from './statements.ts';

/** Days of history a sabotage may name by @from. */
const WINDOW_DAYS = 14;

/** Breaks a healthy league as the check declares, and returns how to undo it. Give it a copy: never call this on live data. */
export async function applySabotage(
  canary: Pick<Canary, 'id' | 'sabotage'>,
  context: CanaryContext,
  moment: Moment,
): Promise<() => Promise<void>> {
  if ('act' in canary.sabotage) return canary.sabotage.act(context, moment);
  const { sql } = canary.sabotage;
  const tables = [...new Set(sql.map((statement) => writtenTable(canary, statement)))];
  const undoings: (() => Promise<void>)[] = [];
  for (const table of tables) undoings.push(await setAside(context.warehouse, table));
  const undo = async (): Promise<void> => {
    for (const undoing of undoings) await undoing();
  };
  try {
    let changed = 0;
    for (const statement of sql)
      changed += await context.warehouse.execute(statement, paramsOf(statement, WINDOW_DAYS, moment));
    if (changed === 0) throw harmless(canary);
    return undo;
  } catch (error) {
    await undo();
    throw error;
  }
}

/** Copies a table under another name; the undoing copies it back. */
async function setAside(warehouse: Warehouse, table: TableContract): Promise<() => Promise<void>> {
  const aside: TableRef = { dataset: table.dataset, name: `_canary_proof_${table.name}` };
  const columns = columnNames(table).join(', ');
  await warehouse.dropTable(aside);
  await warehouse.createTable(table, aside);
  await warehouse.execute(
    `INSERT INTO ${tableId(aside)} (${columns}) SELECT ${columns} FROM ${tableId(table)} WHERE TRUE${wholePartition(table)}`,
  );
  return async () => {
    await warehouse.execute(`DELETE FROM ${tableId(table)} WHERE TRUE${wholePartition(table)}`);
    await warehouse.execute(
      `INSERT INTO ${tableId(table)} (${columns}) SELECT ${columns} FROM ${tableId(aside)}`,
    );
    await warehouse.dropTable(aside);
  };
}

function writtenTable(canary: Pick<Canary, 'id'>, statement: string): TableContract {
  const name = /^\s*(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO)\s+([a-z_]+\.[a-z_0-9]+)/i.exec(statement)?.[1];
  const table = CONTRACTS.find((contract) => tableId(contract) === name);
  if (table !== undefined) return table;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `the sabotage of ${canary.id} writes no table of the contracts: ${statement.slice(0, 80)}`,
    {
      hint: 'Begin it with UPDATE, DELETE FROM or INSERT INTO and a contract table.',
      details: { canary: canary.id },
    },
  );
}

function harmless(canary: Pick<Canary, 'id'>): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `the sabotage of ${canary.id} changed nothing`, {
    hint: 'Its condition must meet rows of the healthy league.',
    details: { canary: canary.id },
  });
}

/** The results of one check before, during and after its sabotage. */
export interface Proof {
  readonly check: string;
  readonly proven: boolean;
  readonly healthy: OutcomeStatus;
  readonly broken: OutcomeStatus;
  readonly restored: OutcomeStatus;
  /** The reason given under sabotage, or why there is no proof. */
  readonly detail: string;
  readonly ms: number;
}

export interface ProofReport {
  readonly proofs: readonly Proof[];
  readonly proven: number;
}

/**
 * Proves that every check can fire: green on a healthy league, red under its own sabotage, green again after it is undone.
 * ERROR does not count as red. The data is changed and restored: give it a copy that nobody else uses.
 */
export async function prove(
  context: CanaryDeps,
  canaries: readonly Canary[],
  asOf: Date,
  onProof: (proof: Proof) => void = () => undefined,
): Promise<ProofReport> {
  const timer = context.timer ?? context.clock;
  const today = slateOf(asOf);
  const calendar = await readCalendar(context.warehouse, today);
  const proofs: Proof[] = [];
  for (const canary of canaries) {
    const from = timer.now().getTime();
    const moment: Moment = { asOf, slate: slateLookedAt(canary, today), calendar };
    const proof = { ...(await proofOf(context, canary, moment)), ms: timer.now().getTime() - from };
    proofs.push(proof);
    onProof(proof);
  }
  return { proofs, proven: proofs.filter(({ proven }) => proven).length };
}

async function proofOf(context: CanaryDeps, canary: Canary, moment: Moment): Promise<Omit<Proof, 'ms'>> {
  const answer = async (): Promise<CanaryResult> => {
    const { results } = await runCanaries(context, { canaries: [canary], asOf: moment.asOf, store: false });
    const [result] = results;
    if (result === undefined) throw new Error(`no answer of ${canary.id}`);
    return result;
  };
  const healthy = await answer();
  let broken: CanaryResult;
  try {
    const undo = await applySabotage(canary, context, moment);
    try {
      broken = await answer();
    } finally {
      await undo();
    }
  } catch (error) {
    return {
      check: canary.id,
      proven: false,
      healthy: healthy.status,
      broken: 'error',
      restored: 'error',
      detail: messageOf(error),
    };
  }
  const restored = await answer();
  const isQuiet = ({ status, reason }: CanaryResult): boolean =>
    status === 'pass' || (status === 'skip' && emptyReason(canary) === reason);
  const proven = isQuiet(healthy) && broken.status === 'fail' && isQuiet(restored);
  const detail = proven
    ? `${broken.reason}${broken.offenders[0] === undefined ? '' : `; ${broken.offenders[0]}`}`
    : [healthy, broken, restored]
        .map(({ status, reason }) => `${status.toUpperCase()} (${reason})`)
        .join(' → ');
  return {
    check: canary.id,
    proven,
    healthy: healthy.status,
    broken: broken.status,
    restored: restored.status,
    detail,
  };
}

/** For some checks the healthy result is a skip, because what they guard is absent: when there is no halt, for example. */
function emptyReason(canary: Canary): string | undefined {
  return canary.whenEmpty !== 'fail' && 'skip' in canary.whenEmpty ? canary.whenEmpty.skip : undefined;
}
