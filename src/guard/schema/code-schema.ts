import { type TableContract, tableId, type ViewContract } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { FUNCTIONS, type PortableFunction } from '#platform/sql/port.ts';
import { joinedBody } from './fixes.ts';
import type { Schema, SchemaFunction, SchemaTable, SchemaView } from './model.ts';

/** The schema that contracts, views and functions describe. */
function schemaOfContracts(
  contracts: readonly TableContract[],
  views: readonly SchemaView[] = [],
  functions: readonly PortableFunction[] = FUNCTIONS,
): Schema {
  return { tables: contracts.map(tableOf), views, functions: functions.map(functionOf) };
}

/** One contract as a table of a schema. */
export function tableOf(contract: TableContract): SchemaTable {
  return {
    id: tableId(contract),
    description: contract.description,
    columns: Object.entries(contract.columns).map(([name, column]) => ({
      name,
      type: column.type,
      mode: column.required ? 'REQUIRED' : 'NULLABLE',
      description: column.description,
      default: null,
      writer: column.writer ?? contract.writer,
      decimals: column.decimals ?? null,
      range: column.range ?? null,
    })),
    partition: contract.partition ?? null,
    cluster: contract.cluster ?? [],
    partitionFilterRequired: contract.partitionFilterRequired === true,
    retentionDays: contract.retentionDays ?? null,
    key: contract.key,
  };
}

function functionOf({ name, duckdb, bigquery }: PortableFunction): SchemaFunction {
  const list = /^\(([^)]*)\)/.exec(duckdb)?.[1] ?? '';
  const parameters = list
    .split(',')
    .map((parameter) => parameter.trim())
    .filter((parameter) => parameter !== '');
  return { name, parameters, body: joinedBody({ duckdb, bigquery }) };
}

/** The schema the code wants: contracts, views with their columns, and functions. */
export function codeSchema(
  contracts: readonly TableContract[] = CONTRACTS,
  views: readonly ViewContract[] = VIEWS,
): Schema {
  return schemaOfContracts(
    contracts,
    views.map(({ ref, sql, columns }) => ({ id: tableId(ref), columns, sql })),
  );
}
