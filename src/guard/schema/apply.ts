import { createHash } from 'node:crypto';
import { type ColumnType, type TableContract, tableId } from '#core/contracts/define.ts';
import { type SchemaChange, schemaChanges } from '#core/contracts/nba_orchestration/schema-changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type CodeView, codeSchema } from './code-schema.ts';
import { compare, type Usage } from './compare.ts';
import type { ChangeKind, Finding } from './finding.ts';
import { schemaOfWarehouse } from './from-live.ts';
import { splitId } from './model.ts';

export interface ApplyDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly runId: string;
  readonly by: string;
  readonly codeVersion: string;
  readonly contracts: readonly TableContract[];
  readonly views: readonly CodeView[];
  readonly usage: Usage;
}

export interface ApplyReport {
  readonly dryRun: boolean;
  /** What was done, or with `dryRun` would be. */
  readonly applied: readonly Finding[];
  /** What `apply` does not do by itself; the statements in `fix` are the plan. */
  readonly refused: readonly Finding[];
  /** Differences that need nothing now: what the code no longer uses, words, order. */
  readonly left: readonly Finding[];
}

/** Changes that add and take nothing from anybody, in the order they are made. */
const ADDITIVE: readonly ChangeKind[] = ['table_added', 'column_added', 'view_added', 'view_columns_changed', 'view_text_changed'];

/**
 * Brings a warehouse to the contracts as far as adding goes: datasets, functions, missing tables, missing nullable columns,
 * views. Everything else is refused and stays as it is, with the statements that would do it. A second run finds nothing to
 * do. Each change is a row of nba_orchestration.schema_changes, written as soon as it is made.
 */
export async function applySchema(deps: ApplyDeps, dryRun = false): Promise<ApplyReport> {
  const live = await schemaOfWarehouse(deps.warehouse);
  const findings = compare(live, codeSchema(deps.contracts, deps.views), deps.usage);
  const isAdditive = (finding: Finding): boolean => ADDITIVE.includes(finding.kind) && finding.class !== 'breaking';
  const planned = findings.filter(isAdditive).sort((a, b) => ADDITIVE.indexOf(a.kind) - ADDITIVE.indexOf(b.kind));
  const rest = findings.filter((finding) => !isAdditive(finding));
  const report = {
    dryRun,
    applied: planned,
    refused: rest.filter(
      (finding) => finding.class === 'breaking' || (finding.class === 'needs_order' && finding.direction === 'table_first'),
    ),
    left: rest.filter((finding) => finding.class === 'safe' || (finding.class === 'needs_order' && finding.direction !== 'table_first')),
  };
  if (dryRun) return report;
  // Datasets and functions are replaced by what the code has; the receipts table must be there before the first receipt.
  const hasReceipts = live.tables.some(({ id }) => id === tableId(schemaChanges));
  await deps.warehouse.prepare(hasReceipts ? [] : [schemaChanges]);
  for (const finding of planned) {
    if (await make(deps, finding)) await record(deps, finding);
  }
  // A view over `*` keeps the columns it was made with, so that every view is made anew after a table grew.
  if (planned.some(({ kind }) => kind === 'column_added')) for (const { ref, sql } of deps.views) await deps.warehouse.createView(ref, sql);
  return report;
}

/** Makes one change; false when somebody else made it meanwhile. */
async function make(deps: ApplyDeps, finding: Finding): Promise<boolean> {
  const { warehouse } = deps;
  const contract = deps.contracts.find((table) => tableId(table) === finding.table);
  if (finding.kind === 'table_added' && contract !== undefined) {
    await warehouse.prepare([contract]);
    return true;
  }
  const column = finding.column === null ? undefined : contract?.columns[finding.column];
  if (finding.kind === 'column_added' && finding.column !== null && column !== undefined) {
    const { type, description } = column;
    return warehouse.addColumn(splitId(finding.table), finding.column, { type: type as ColumnType, description });
  }
  const view = deps.views.find(({ ref }) => tableId(ref) === finding.table);
  if (view === undefined) return false;
  await warehouse.createView(view.ref, view.sql);
  return true;
}

async function record(deps: ApplyDeps, finding: Finding): Promise<void> {
  const at = deps.clock.now().toISOString();
  const row: SchemaChange = {
    change_id: createHash('sha256').update([deps.runId, finding.id, at].join('\n')).digest('hex'),
    run_id: deps.runId,
    applied_at: at,
    applied_by: deps.by,
    kind: finding.kind,
    table_id: finding.table,
    column_name: finding.column,
    finding: finding.id,
    statement: finding.fix[deps.warehouse.engine].join(';\n'),
    engine: deps.warehouse.engine,
    code_version: deps.codeVersion,
  };
  await deps.warehouse.append(schemaChanges, [row]);
}
