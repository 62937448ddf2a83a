import { createHash } from 'node:crypto';
import { type TableContract, tableId, type ViewContract } from '#core/contracts/define.ts';
import { type SchemaChange, schemaChanges } from '#core/contracts/nba_orchestration.ts';
import type { Clock } from '#platform/clock.ts';
import type { TableChange, Warehouse } from '#platform/warehouse/port.ts';
import { codeSchema } from './code-schema.ts';
import type { ChangeKind, SchemaFinding } from './finding.ts';
import { schemaOfWarehouse } from './live-schema.ts';
import { type Schema, splitId } from './model.ts';

export interface ApplyDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly runId: string;
  readonly by: string;
  readonly codeVersion: string;
  readonly contracts: readonly TableContract[];
  readonly views: readonly ViewContract[];
  /** Compares two schemas and names the readers of what differs: `compareWithReaders`. */
  readonly compare: (live: Schema, wanted: Schema) => Promise<readonly SchemaFinding[]>;
}

export interface ApplyReport {
  readonly dryRun: boolean;
  readonly engine: Warehouse['engine'];
  /** Changes made, or with `dryRun` the ones that would be. */
  readonly applied: readonly SchemaFinding[];
  /** Changes that `apply` leaves to people; the statements in `fix` are the plan. */
  readonly refused: readonly SchemaFinding[];
  /** Differences that need no action now: objects the code no longer uses, descriptions, column order. */
  readonly left: readonly SchemaFinding[];
}

/** Kinds of change that break no reader or writer, in the order they are applied. */
const APPLICABLE_KINDS: readonly ChangeKind[] = [
  'function_added',
  'function_signature_changed',
  'function_body_changed',
  'table_added',
  'column_added',
  'description_changed',
  'partition_filter_changed',
  'retention_changed',
  'view_added',
  'view_columns_changed',
  'view_text_changed',
];

/**
 * Brings a warehouse up to the contracts as far as that breaks nobody: datasets, functions, missing tables, missing
 * nullable columns, descriptions, wider limits, views. Everything else is refused and left alone, with the statements
 * that would do it. A second run finds nothing to do. Each change is a row of nba_orchestration.schema_changes; the rows
 * are written in one load, at the end or when a change fails, because BigQuery limits the loads of a table per day.
 */
export async function applySchema(deps: ApplyDeps, dryRun = false): Promise<ApplyReport> {
  const { warehouse, views } = deps;
  const live = await schemaOfWarehouse(warehouse);
  const findings = await deps.compare(live, codeSchema(deps.contracts, views));
  // Functions are replaced all together, so none is replaced while one of them must stay as it is.
  const keepsFunctions = findings.some((finding) => isFunction(finding) && finding.class === 'breaking');
  const isPlanned = (finding: SchemaFinding): boolean =>
    canApply(finding) && !(keepsFunctions && isFunction(finding));
  const planned = findings
    .filter(isPlanned)
    .sort((a, b) => APPLICABLE_KINDS.indexOf(a.kind) - APPLICABLE_KINDS.indexOf(b.kind));
  const rest = findings.filter((finding) => !isPlanned(finding));
  const refused = rest.filter(isDue);
  const report = {
    dryRun,
    engine: warehouse.engine,
    applied: planned,
    refused,
    left: rest.filter((finding) => !isDue(finding)),
  };
  if (dryRun || planned.length === 0) return report;
  const createTable = (contract: TableContract): Promise<void> => warehouse.createTable(contract);
  // Datasets and missing functions come first, before anything that lies in them or calls them.
  if (!keepsFunctions) await warehouse.prepare([]);
  // The receipts need their table.
  if (!live.tables.some(({ id }) => id === tableId(schemaChanges))) await createTable(schemaChanges);
  if (planned.some((finding) => isFunction(finding) && finding.kind !== 'function_added'))
    await warehouse.replaceFunctions();
  const receipts: SchemaChange[] = [];
  try {
    for (const finding of planned) {
      if (await applyChange(deps, finding, createTable)) receipts.push(receiptOf(deps, finding));
    }
  } finally {
    await warehouse.append(schemaChanges, receipts);
  }
  // A view over `*` keeps the columns it was created with, so every view is recreated after a table gains one.
  if (planned.some(({ kind }) => kind === 'column_added'))
    for (const { ref, sql } of views) await warehouse.createView(ref, sql);
  return report;
}

function isFunction({ kind }: SchemaFinding): boolean {
  return kind.startsWith('function_');
}

function canApply({ kind, class: verdict, direction }: SchemaFinding): boolean {
  if (!APPLICABLE_KINDS.includes(kind) || verdict === 'breaking') return false;
  return verdict === 'safe' || direction === 'table_first';
}

/** Whether the code about to run needs the change. */
function isDue(finding: SchemaFinding): boolean {
  return (
    finding.class === 'breaking' || (finding.class === 'needs_order' && finding.direction === 'table_first')
  );
}

/** Applies one change; false when it was already in place, through another change or another process. */
async function applyChange(
  { warehouse, contracts, views }: ApplyDeps,
  finding: SchemaFinding,
  createTable: (contract: TableContract) => Promise<void>,
): Promise<boolean> {
  if (isFunction(finding)) return true;
  const contract = contracts.find((table) => tableId(table) === finding.table);
  if (contract === undefined) {
    const view = views.find(({ ref }) => tableId(ref) === finding.table);
    if (view === undefined) return false;
    await warehouse.createView(view.ref, view.sql);
    return true;
  }
  if (finding.kind === 'table_added') {
    if (contract !== schemaChanges) await createTable(contract);
    return true;
  }
  const column = finding.column === null ? undefined : contract.columns[finding.column];
  if (finding.kind === 'column_added' && finding.column !== null && column !== undefined) {
    const { type, description } = column;
    return warehouse.addColumn(splitId(finding.table), finding.column, { type, description });
  }
  await warehouse.alterTable(contract, changeOf(contract, finding));
  return true;
}

function changeOf(contract: TableContract, { kind, column }: SchemaFinding): TableChange {
  if (kind === 'retention_changed') return { retentionDays: contract.retentionDays ?? null };
  if (kind === 'partition_filter_changed')
    return { partitionFilterRequired: contract.partitionFilterRequired === true };
  if (column === null) return { description: contract.description };
  return { columns: { [column]: contract.columns[column]?.description ?? '' } };
}

function receiptOf(deps: ApplyDeps, finding: SchemaFinding): SchemaChange {
  const at = deps.clock.now().toISOString();
  return {
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
}
