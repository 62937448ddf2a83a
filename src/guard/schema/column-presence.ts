import type { FindingDraft } from './finding.ts';
import type { SchemaColumn, SchemaTable } from './model.ts';
import { addColumn, both, NOTHING } from './statements.ts';

/** Who uses a column, as far as a verdict depends on it. */
export interface ColumnUse {
  readers(table: string, column: string): readonly string[];
}

/** A column the code wants and the table lacks; `path` is that of the column a nested field lies in. */
export function columnAdded(table: string, column: SchemaColumn, path: string): FindingDraft {
  const name = `${path}${column.name}`;
  const draft = {
    table,
    column: name,
    kind: 'column_added',
    direction: 'table_first',
    before: null,
    after: `${column.type} ${column.mode}`,
  } as const;
  if (path !== '') {
    const nested =
      'add the field to the table with a schema update (bq update, tables.patch); ALTER TABLE does not reach nested fields';
    return column.mode === 'REQUIRED'
      ? {
          ...draft,
          class: 'breaking',
          fix: NOTHING,
          message: `${table} lacks the required nested field ${name}: rows that stand have no value for it. Make it nullable.`,
        }
      : {
          ...draft,
          class: 'needs_order',
          fix: NOTHING,
          message: `${table} lacks the nested field ${name}: ${nested}, then deploy the code that writes it.`,
        };
  }
  const fix = addColumn(table, column);
  const run = fix.bigquery[0] ?? '';
  if (column.mode === 'REQUIRED') {
    return {
      ...draft,
      class: 'breaking',
      fix,
      message: `${table} lacks the required column ${name}: a table with rows takes nullable columns only, so every write would be refused. Make ${name} nullable in the contract, run \`${run}\` (or \`tipoff schema apply\`), then deploy.`,
    };
  }
  return {
    ...draft,
    class: 'needs_order',
    fix,
    message: `${table} lacks ${name}: code that writes or reads it fails until the table has it. Run \`${run}\` (or \`tipoff schema apply\`), then deploy.`,
  };
}

/** A column the table has and the code no longer wants. */
export function columnRemoved(table: SchemaTable, column: SchemaColumn, use: ColumnUse): FindingDraft {
  const { id } = table;
  const draft = {
    table: id,
    column: column.name,
    kind: 'column_removed',
    before: `${column.type} ${column.mode}`,
    after: null,
  } as const;
  const drop = `ALTER TABLE ${id} DROP COLUMN ${column.name}`;
  const readers = use.readers(id, column.name);
  if (readers.length > 0) {
    return {
      ...draft,
      class: 'breaking',
      direction: 'code_first',
      fix: both(drop),
      message: `${id}.${column.name} leaves the contract but is still read by ${readers.join(', ')}. Change the readers first.`,
    };
  }
  if (column.name === table.partition || table.cluster?.includes(column.name) === true) {
    return {
      ...draft,
      class: 'breaking',
      direction: 'table_first',
      fix: NOTHING,
      message: `${id}.${column.name} is what the table is partitioned or clustered by and cannot be dropped. Rebuild the table without it first.`,
    };
  }
  if (column.mode === 'REQUIRED') {
    const relax = `ALTER TABLE ${id} ALTER COLUMN ${column.name} DROP NOT NULL`;
    return {
      ...draft,
      class: 'needs_order',
      direction: 'table_first',
      fix: both(relax, drop),
      message: `${id}.${column.name} is required in the table and no longer in the contract: rows written without it are refused. Run \`${relax}\`, deploy the code, then drop the column.`,
    };
  }
  return {
    ...draft,
    class: 'needs_order',
    direction: 'code_first',
    fix: both(drop),
    message: `${id}.${column.name} is no longer in the contract. It may stay, or be dropped by \`${drop}\` once the code that wrote it is gone.`,
  };
}

/** A nested field that the code no longer wants. It cannot be dropped in place, but it may stay while nothing needs it. */
export function nestedRemoved(
  table: string,
  { name, type, mode }: SchemaColumn,
  path: string,
  use: ColumnUse,
): FindingDraft {
  const column = `${path}${name}`;
  const [top = column] = column.split('.');
  const readers = [...new Set([...use.readers(table, column), ...use.readers(table, top)])];
  const draft = {
    table,
    column,
    kind: 'column_removed',
    before: `${type} ${mode}`,
    after: null,
    fix: NOTHING,
  } as const;
  if (readers.length > 0) {
    return {
      ...draft,
      class: 'breaking',
      direction: 'code_first',
      message: `${table}.${column} leaves the contract but ${top} is still read by ${readers.join(', ')}. Change the readers first.`,
    };
  }
  if (mode === 'REQUIRED') {
    return {
      ...draft,
      class: 'breaking',
      direction: 'table_first',
      message: `${table}.${column} is required in the table and no longer in the contract: rows written without it are refused, and a nested field cannot be dropped in place. Make it nullable with a schema update first.`,
    };
  }
  return {
    ...draft,
    class: 'needs_order',
    direction: 'code_first',
    message: `${table}.${column} is no longer in the contract. A nested field cannot be dropped in place; it may stay, and is null in new rows.`,
  };
}

/** A column that goes under another name. */
export function renamed(table: string, from: SchemaColumn, to: SchemaColumn): FindingDraft {
  const add = addColumn(table, { ...to, mode: 'NULLABLE' });
  const rest = [
    `UPDATE ${table} SET ${to.name} = ${from.name} WHERE ${to.name} IS NULL`,
    `ALTER TABLE ${table} DROP COLUMN ${from.name}`,
  ];
  return {
    table,
    column: from.name,
    kind: 'column_renamed',
    class: 'breaking',
    direction: 'table_first',
    before: from.name,
    after: to.name,
    fix: { bigquery: [...add.bigquery, ...rest], duckdb: [...add.duckdb, ...rest] },
    message: `${table}.${from.name} became ${to.name}: whichever side goes first, the other uses a name that is not there. Add ${to.name}, write both, copy what stands, move the readers, then drop ${from.name}: one step per deploy.`,
  };
}
