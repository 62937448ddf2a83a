import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { endAbandoned } from '#guard/backfill/ledger.ts';
import { STATE_RETENTION } from '#pipeline/batch/state.ts';
import { openHome } from '#platform/home.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { OnClose, StoreOptions, Stores } from './stores.ts';

/** Makes the tables, functions and views that are missing: everything that this version expects of a home. */
export async function prepareWarehouse(warehouse: Warehouse): Promise<void> {
  await warehouse.prepare(CONTRACTS);
  for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
}

/** The embedded home: takes its lock, opens DuckDB and SQLite, and makes missing tables. */
export async function openEmbedded(dir: string, options: StoreOptions, onClose: OnClose): Promise<Stores> {
  const { command, clock, rightOfWay } = options;
  const home = await openHome(dir, { command, clock });
  onClose(() => home.release());
  const warehouse = await openDuckDb(home.paths.warehouse, { clock, rightOfWay });
  onClose(() => warehouse.close());
  const state = openSqliteState(home.paths.state, { clock, retention: STATE_RETENTION });
  onClose(() => state.close());
  // One process has a home: what was running before it took this one runs no more.
  await endAbandoned(state, clock.now().toISOString());
  const queue = openSqliteQueue(home.paths.state, { clock });
  onClose(() => queue.close());
  if (options.prepare !== false) await prepareWarehouse(warehouse);
  return {
    warehouse,
    state,
    queue,
    exports: directoryObjects(home.paths.objects),
    models: directoryObjects(home.dir),
    notes: home.takenOver === undefined ? [] : [home.takenOver.message],
    announce: (at) => home.announce(at),
  };
}
