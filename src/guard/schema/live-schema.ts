import { DATASETS, type Dataset, tableId } from '#core/contracts/define.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { LiveColumn, TableInfo, Warehouse } from '#platform/warehouse/port.ts';
import { compare } from './compare.ts';
import type { Schema, SchemaColumn, SchemaFunction, SchemaTable, SchemaView } from './model.ts';

/** Names of temporary tables that batches and proofs create and drop; no contract lists them. */
const TEMPORARY_TABLE = /^(?:staging_|_)/;

/**
 * Reads the schema of a warehouse, dataset by dataset, without temporary tables. Properties the engine does
 * not know are absent. A failed read throws: an unreadable warehouse is not an empty one.
 */
export async function schemaOfWarehouse(
  warehouse: Warehouse,
  datasets = Object.keys(DATASETS) as Dataset[],
): Promise<Schema> {
  const tables: SchemaTable[] = [];
  const views: SchemaView[] = [];
  for (const dataset of datasets) {
    for (const info of await warehouse.listTables(dataset)) {
      if (TEMPORARY_TABLE.test(info.name)) continue;
      // A table dropped after it was listed no longer exists.
      const columns = await warehouse.describe(info);
      if (columns === undefined) continue;
      if (info.kind === 'view') views.push(viewOfInfo(info, columns));
      else tables.push(tableOfInfo(info, columns));
    }
  }
  const functions = (await warehouse.listFunctions()).map(
    ({ name, parameters, text }): SchemaFunction => ({
      name,
      parameters,
      ...(text === undefined ? {} : { digests: { [warehouse.engine]: text } }),
    }),
  );
  return { tables, views, functions };
}

function viewOfInfo(info: TableInfo, columns: readonly LiveColumn[]): SchemaView {
  return {
    id: tableId(info),
    columns: columns.map(({ name }) => name),
    ...omitUndefined({ digest: info.text }),
  };
}

function tableOfInfo(info: TableInfo, columns: readonly LiveColumn[]): SchemaTable {
  return { id: tableId(info), columns: columns.map(columnOf), ...info.layout };
}

function columnOf({ name, type, required, description, default: fallback }: LiveColumn): SchemaColumn {
  const repeated = /^ARRAY<(.+)>$/.exec(type)?.[1];
  return {
    name,
    type: repeated ?? type,
    mode: repeated !== undefined ? 'REPEATED' : required ? 'REQUIRED' : 'NULLABLE',
    ...omitUndefined({ description }),
    default: fallback ?? null,
  };
}

/**
 * The live schema with the texts of views and functions, which no engine returns as written: they are filled
 * in from the code where the live ones were made from the same text. Others keep the digest of their source,
 * or have neither where the engine does not know it.
 */
export function liveSnapshot(live: Schema, code: Schema): Schema {
  const changed = new Set(
    compare({ ...live, tables: [] }, { ...code, tables: [] }).map(({ table }) => table),
  );
  const texts = new Map(code.views.map((view) => [view.id, view]));
  const bodies = new Map((code.functions ?? []).map((each) => [each.name, each]));
  const viewOf = (view: SchemaView): SchemaView =>
    view.digest === undefined || changed.has(view.id) ? view : (texts.get(view.id) ?? view);
  const functionOf = (each: SchemaFunction): SchemaFunction =>
    each.digests === undefined || changed.has(`fn.${each.name}`) ? each : (bodies.get(each.name) ?? each);
  return {
    ...live,
    views: live.views.map(viewOf),
    ...(live.functions === undefined ? {} : { functions: live.functions.map(functionOf) }),
  };
}
