import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { TipoffError } from '#core/errors.ts';
import type { TableRef, Warehouse } from '#platform/warehouse/port.ts';
import { paramsOf } from './ask.ts';
import type { Canary, CanaryWorld, Moment } from './definition.ts';

/** Days of history a sabotage may name by @from. */
const WINDOW_DAYS = 14;

/** Breaks a healthy world as the check declares, and gives back its undoing. The world must be a copy: never call this on a live one. */
export async function breakWorld(
  canary: Pick<Canary, 'id' | 'sabotage'>,
  world: CanaryWorld,
  moment: Moment,
): Promise<() => Promise<void>> {
  if ('act' in canary.sabotage) return canary.sabotage.act(world, moment);
  const { sql } = canary.sabotage;
  const tables = [...new Set(sql.map((statement) => writtenTable(canary, statement)))];
  const undoings: (() => Promise<void>)[] = [];
  for (const table of tables) undoings.push(await setAside(world.warehouse, table));
  const undo = async (): Promise<void> => {
    for (const undoing of undoings) await undoing();
  };
  try {
    let changed = 0;
    for (const statement of sql) changed += await world.warehouse.execute(statement, paramsOf(statement, WINDOW_DAYS, moment));
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
    `INSERT INTO ${tableId(aside)} (${columns}) SELECT ${columns} FROM ${tableId(table)} WHERE TRUE${bounded(table)}`,
  );
  return async () => {
    await warehouse.execute(`DELETE FROM ${tableId(table)} WHERE TRUE${bounded(table)}`);
    await warehouse.execute(`INSERT INTO ${tableId(table)} (${columns}) SELECT ${columns} FROM ${tableId(aside)}`);
    await warehouse.dropTable(aside);
  };
}

/** A bound on the partition that lets everything through, for tables that refuse a statement without one. */
function bounded({ partition, partitionFilterRequired }: TableContract): string {
  return partition === undefined || partitionFilterRequired !== true ? '' : ` AND ${partition} > DATE '1900-01-01'`;
}

function writtenTable(canary: Pick<Canary, 'id'>, statement: string): TableContract {
  const name = /^\s*(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO)\s+([a-z_]+\.[a-z_0-9]+)/i.exec(statement)?.[1];
  const table = CONTRACTS.find((contract) => tableId(contract) === name);
  if (table !== undefined) return table;
  throw new TipoffError('TIPOFF_BAD_INPUT', `the sabotage of ${canary.id} writes no table of the contracts: ${statement.slice(0, 80)}`, {
    hint: 'Begin it with UPDATE, DELETE FROM or INSERT INTO and a contract table.',
    details: { canary: canary.id },
  });
}

function harmless(canary: Pick<Canary, 'id'>): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `the sabotage of ${canary.id} changed nothing`, {
    hint: 'Its condition must meet rows of the healthy world.',
    details: { canary: canary.id },
  });
}
