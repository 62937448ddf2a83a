import { DATASETS, type Dataset } from '#core/contracts/define.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { listBatches } from '#pipeline/predict/batches.ts';
import type { BatchDoc } from '#pipeline/predict/documents.ts';
import { STAGING_PREFIX, stagingPrefix } from '#pipeline/predict/staging.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { TableInfo, Warehouse } from '#platform/warehouse/port.ts';
import { type JudgedTable, judge, type StagingVerdict } from './judge.ts';

export interface StagingDeps {
  readonly warehouse: Pick<Warehouse, 'listTables' | 'describe' | 'dropTable' | 'execute'>;
  readonly state: StateStore;
  readonly clock: Clock;
}

/** Hours after which a staging table is old, unless the caller says otherwise. */
export const DEFAULT_MAX_AGE_HOURS = 24;

/** Columns every staging table of predictions has; a table without them belongs to somebody else. */
const OWN_COLUMNS = ['batch_id', 'slate', 'player_id', 'system_id'];

export interface CleanResult {
  readonly dry_run: boolean;
  readonly max_age_hours: number;
  /** Every staging table with its verdict, by name. */
  readonly tables: readonly JudgedTable[];
  /** Tables that are gone; always 0 in a dry run. */
  readonly dropped: number;
  /** Tables a real run would drop; always 0 in a real run. */
  readonly would_drop: number;
  /** Tables that were to go and are already gone: somebody else was first. */
  readonly gone: number;
  /** Rows of the tables dropped, or to be dropped. */
  readonly rows: number;
  /** Tables that stay, by verdict. */
  readonly kept: Readonly<Partial<Record<StagingVerdict, number>>>;
  readonly errors: readonly { readonly table: string; readonly message: string }[];
}

/**
 * Every table whose name starts with `_staging_`, in every dataset, with what should become of it. Throws
 * TIPOFF_BAD_INPUT unless `maxAgeHours` is a number of 1 or more: younger tables may belong to a batch that just ended.
 */
export async function listStaging(deps: StagingDeps, maxAgeHours = DEFAULT_MAX_AGE_HOURS): Promise<JudgedTable[]> {
  if (!Number.isFinite(maxAgeHours) || maxAgeHours < 1) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected an age limit of 1 hour or more, saw ${maxAgeHours}`, {
      hint: 'Leave the limit out for 24 hours, or give one of at least 1.',
      details: { max_age_hours: maxAgeHours },
    });
  }
  const tables: TableInfo[] = [];
  for (const dataset of Object.keys(DATASETS) as Dataset[]) tables.push(...(await deps.warehouse.listTables(dataset, STAGING_PREFIX)));
  // Batches are read after the tables: a table that exists has a batch that exists.
  const batches = await listBatches(deps.state);
  const now = deps.clock.now();
  const judged: JudgedTable[] = [];
  for (const table of tables) {
    judged.push(judge(table, batchOf(table, batches), { now, maxAgeHours, isOurs: await isOurs(deps, table) }));
  }
  return judged.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Drops old staging tables whose rows are published or given up. A table that cannot be dropped is an entry in `errors`
 * and stops nothing. A second run finds nothing to do. Unless it is a dry run, the job `staging-cleanup` reports.
 */
export async function cleanStaging(
  deps: StagingDeps,
  options: { readonly maxAgeHours?: number; readonly dryRun: boolean },
): Promise<CleanResult> {
  const maxAgeHours = options.maxAgeHours ?? DEFAULT_MAX_AGE_HOURS;
  const tables = await listStaging(deps, maxAgeHours);
  const old = tables.filter(({ verdict }) => verdict === 'drop');
  const errors: { table: string; message: string }[] = [];
  let [dropped, gone, rows] = [0, 0, 0];
  for (const table of options.dryRun ? [] : old) {
    const ref = { dataset: table.dataset as Dataset, name: table.name };
    try {
      if (await deps.warehouse.dropTable(ref)) {
        dropped += 1;
        rows += table.rows;
      } else gone += 1;
    } catch (error) {
      errors.push({ table: `${table.dataset}.${table.name}`, message: messageOf(error) });
    }
  }
  if (!options.dryRun) {
    const detail = `${dropped} of ${tables.length} tables dropped, ${errors.length} errors`;
    await beat(deps, { job: 'staging-cleanup', ok: errors.length === 0, maxSilenceSeconds: JOBS['staging-cleanup'], detail });
  }
  const kept: Partial<Record<StagingVerdict, number>> = {};
  for (const { verdict } of tables) if (verdict !== 'drop') kept[verdict] = (kept[verdict] ?? 0) + 1;
  return {
    dry_run: options.dryRun,
    max_age_hours: maxAgeHours,
    tables,
    dropped,
    would_drop: options.dryRun ? old.length : 0,
    gone,
    rows: options.dryRun ? old.reduce((total, table) => total + table.rows, 0) : rows,
    kept,
    errors,
  };
}

function batchOf(table: TableInfo, batches: readonly BatchDoc[]): BatchDoc | undefined {
  const label = table.labels['batch'];
  return batches.find(({ batch_id }) => batch_id === label || table.name.startsWith(stagingPrefix(batch_id)));
}

async function isOurs(deps: StagingDeps, table: TableInfo): Promise<boolean> {
  const columns = (await deps.warehouse.describe(table))?.map(({ name }) => name) ?? [];
  return OWN_COLUMNS.every((name) => columns.includes(name));
}
