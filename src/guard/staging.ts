import { type Outcome, outcome } from '#core/check.ts';
import { DATASETS, type Dataset } from '#core/contracts/define.ts';
import { countBy } from '#core/count-by.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { STAGING_PREFIX, stagingPrefix } from '#pipeline/batch/output-gate.ts';
import { type BatchDoc, isActive, listBatches } from '#pipeline/batch/state.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { TableInfo, Warehouse } from '#platform/warehouse/port.ts';

/** What becomes of a staging table. Everything but `drop` stays where it is. */
type StagingVerdict =
  /** Old, and its rows are published or given up. */
  | 'drop'
  /** Younger than the age limit. */
  | 'young'
  /** Its batch still works. */
  | 'open'
  /** Its batch was held and waits for a person. */
  | 'held'
  /** Rows of a batch nobody knows: a person decides. */
  | 'unmerged'
  /** The name fits but the columns are not those of a staging table, or it is a view. */
  | 'foreign'
  /** Nothing says when it was made. */
  | 'undated';

export interface JudgedTable {
  readonly dataset: string;
  readonly name: string;
  readonly batch_id: string | null;
  readonly batch_state: BatchDoc['state'] | null;
  readonly rows: number;
  /** Null when the store does not know when the table was made. */
  readonly age_hours: number | null;
  readonly verdict: StagingVerdict;
  /** The verdict in words. */
  readonly reason: string;
}

const HOUR_MS = 3_600_000;

/**
 * Judges one staging table. `isOurs` says whether its columns are those of staged predictions. A table that is exactly
 * `maxAgeHours` old is old; without a creation time a passed expiry makes it old. A batch that may be dropped (published,
 * failed, reset) never works again, so what is judged `drop` stays so.
 */
export function judge(
  table: TableInfo,
  batch: BatchDoc | undefined,
  {
    now,
    maxAgeHours,
    isOurs,
  }: { readonly now: Date; readonly maxAgeHours: number; readonly isOurs: boolean },
): JudgedTable {
  const age = table.createdAt === null ? null : (now.getTime() - Date.parse(table.createdAt)) / HOUR_MS;
  const [verdict, reason] = decide(table, batch, { age, now, maxAgeHours, isOurs });
  return {
    dataset: table.dataset,
    name: table.name,
    batch_id: batch?.batch_id ?? table.labels['batch'] ?? null,
    batch_state: batch?.state ?? null,
    rows: table.rows,
    age_hours: age === null ? null : Math.round(age * 100) / 100,
    verdict,
    reason,
  };
}

function decide(
  table: TableInfo,
  batch: BatchDoc | undefined,
  at: {
    readonly age: number | null;
    readonly now: Date;
    readonly maxAgeHours: number;
    readonly isOurs: boolean;
  },
): [StagingVerdict, string] {
  if (table.kind === 'view') return ['foreign', 'it is a view'];
  if (!at.isOurs) return ['foreign', 'its columns are not those of staged predictions'];
  if (batch !== undefined && isActive(batch.state))
    return ['open', `batch ${batch.batch_id} is ${batch.state}`];
  if (batch?.state === 'held') return ['held', `batch ${batch.batch_id} is held: publish it or reset it`];
  if (at.age === null && table.expiresAt === null) return ['undated', 'nothing says when it was made'];
  const isOld =
    at.age === null
      ? table.expiresAt !== null && Date.parse(table.expiresAt) <= at.now.getTime()
      : at.age >= at.maxAgeHours;
  if (!isOld) return ['young', `younger than ${at.maxAgeHours} h`];
  if (batch === undefined && table.rows > 0)
    return ['unmerged', `${table.rows} rows of a batch nobody knows: needs a decision`];
  return [
    'drop',
    batch === undefined ? 'empty, and its batch is unknown' : `batch ${batch.batch_id} is ${batch.state}`,
  ];
}

export interface StagingDeps {
  readonly warehouse: Pick<Warehouse, 'listTables' | 'describe' | 'dropTable' | 'execute'>;
  readonly state: StateStore;
  readonly clock: Clock;
}

/** Hours after which a staging table is old, unless the caller says otherwise. */
const DEFAULT_MAX_AGE_HOURS = 24;

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
export async function listStaging(
  deps: StagingDeps,
  maxAgeHours = DEFAULT_MAX_AGE_HOURS,
): Promise<JudgedTable[]> {
  if (!Number.isFinite(maxAgeHours) || maxAgeHours < 1) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected an age limit of 1 hour or more, saw ${maxAgeHours}`, {
      hint: 'Leave the limit out for 24 hours, or give one of at least 1.',
      details: { max_age_hours: maxAgeHours },
    });
  }
  const tables: TableInfo[] = [];
  for (const dataset of Object.keys(DATASETS) as Dataset[])
    tables.push(...(await deps.warehouse.listTables(dataset, STAGING_PREFIX)));
  // Batches are read after the tables: a table that exists has a batch that exists.
  const batches = await listBatches(deps.state);
  const now = deps.clock.now();
  const judged: JudgedTable[] = [];
  for (const table of tables) {
    judged.push(
      judge(table, batchOf(table, batches), { now, maxAgeHours, isOurs: await isOurs(deps, table) }),
    );
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
    await beat(deps, {
      job: 'staging-cleanup',
      ok: errors.length === 0,
      maxSilenceSeconds: JOBS['staging-cleanup'],
      detail,
    });
  }
  const kept = Object.fromEntries(
    countBy(tables, ({ verdict }) => (verdict === 'drop' ? undefined : verdict)),
  );
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

/** What of a clean-up needs a person: tables that could not be dropped, and rows of a batch nobody knows. */
export function stagingOutcomes({ tables, errors }: Pick<CleanResult, 'tables' | 'errors'>): Outcome[] {
  return [
    ...errors.map(({ table, message }) =>
      outcome({
        check: 'staging_dropped',
        title: 'A staging table could not be dropped',
        status: 'error',
        expected: 'every old staging table dropped',
        reason: `${table}: ${message}`,
      }),
    ),
    ...tables
      .filter(({ verdict }) => verdict === 'unmerged')
      .map(({ name, rows, reason }) =>
        outcome({
          check: 'staging_merged',
          title: 'Unmerged predictions',
          status: 'fail',
          severity: 'warning',
          expected: 'no staged rows without a batch',
          seen: rows,
          reason: `${name}: ${reason}`,
          repair: 'tipoff staging list',
        }),
      ),
  ];
}

function batchOf(table: TableInfo, batches: readonly BatchDoc[]): BatchDoc | undefined {
  const label = table.labels['batch'];
  return batches.find(({ batch_id }) => batch_id === label || table.name.startsWith(stagingPrefix(batch_id)));
}

async function isOurs(deps: StagingDeps, table: TableInfo): Promise<boolean> {
  const columns = (await deps.warehouse.describe(table))?.map(({ name }) => name) ?? [];
  return OWN_COLUMNS.every((name) => columns.includes(name));
}
