import { type ColumnUse, columnAdded, columnRemoved, nestedRemoved, renamed } from './column-presence.ts';
import { rulesChanged } from './compare-rules.ts';
import type { FindingDraft } from './finding.ts';
import type { SchemaColumn, SchemaTable } from './model.ts';
import { pairRenames } from './renames.ts';
import { addColumn, alterColumn, NOTHING, quoted, setType } from './statements.ts';
import { changedForm, isWidening } from './types.ts';

/** Every difference between the columns of one table. Nested fields are named by their path. */
export function compareColumns(before: SchemaTable, after: SchemaTable, use: ColumnUse): FindingDraft[] {
  const known = new Map(before.columns.map((column) => [column.name, column]));
  const wanted = new Map(after.columns.map((column) => [column.name, column]));
  const added = after.columns.filter(({ name }) => !known.has(name));
  const removed = before.columns.filter(({ name }) => !wanted.has(name));
  const renames = pairRenames(removed, added);
  const findings: FindingDraft[] = [];
  for (const [from, to] of renames) findings.push(renamed(after.id, from, to));
  for (const column of added)
    if (!renames.some(([, to]) => to === column)) findings.push(columnAdded(after.id, column, ''));
  for (const column of removed)
    if (!renames.some(([from]) => from === column)) findings.push(columnRemoved(before, column, use));
  for (const column of after.columns) {
    const standing = known.get(column.name);
    if (standing !== undefined) findings.push(...columnChanged(after.id, standing, column, '', use));
  }
  if (added.length === 0 && removed.length === 0) findings.push(...orderChanged(before, after));
  return findings;
}

function columnChanged(
  table: string,
  before: SchemaColumn,
  after: SchemaColumn,
  path: string,
  use: ColumnUse,
): FindingDraft[] {
  const name = `${path}${after.name}`;
  const findings: FindingDraft[] = [];
  const draft = { table, column: name } as const;
  if (before.type !== after.type) findings.push(typeChanged(table, name, before, after, use));
  if (before.mode !== after.mode) findings.push(modeChanged(table, name, before, after));
  if (before.default !== undefined && after.default !== undefined && before.default !== after.default) {
    const drops = after.default === null && after.mode === 'REQUIRED';
    const gains = before.default === null && after.mode === 'REQUIRED';
    const fix = alterColumn(
      table,
      name,
      after.default === null ? 'DROP DEFAULT' : `SET DEFAULT ${after.default}`,
    );
    findings.push({
      ...draft,
      kind: 'default_changed',
      class: drops || gains ? 'needs_order' : 'safe',
      direction: drops ? 'code_first' : gains ? 'table_first' : 'either',
      before: before.default,
      after: after.default,
      fix,
      message: drops
        ? `${table}.${name} is required and loses its default: writers must send a value before the default goes.`
        : gains
          ? `${table}.${name} is required and gets a default: until the table has it, rows that do not name the column are refused. Run \`${fix.bigquery[0]}\`, then deploy.`
          : `${table}.${name} has another default for rows that do not name it.`,
    });
  }
  if (
    before.description !== undefined &&
    after.description !== undefined &&
    before.description !== after.description
  ) {
    findings.push({
      ...draft,
      kind: 'description_changed',
      class: 'safe',
      direction: 'either',
      before: before.description,
      after: after.description,
      fix: {
        bigquery: [
          `ALTER TABLE ${table} ALTER COLUMN ${name} SET OPTIONS (description = ${quoted(after.description)})`,
        ],
        duckdb: [],
      },
      message: `${table}.${name} is described differently.`,
    });
  }
  return [
    ...findings,
    ...rulesChanged(table, name, before, after),
    ...nestedChanged(table, before, after, `${name}.`, use),
  ];
}

function nestedChanged(
  table: string,
  before: SchemaColumn,
  after: SchemaColumn,
  path: string,
  use: ColumnUse,
): FindingDraft[] {
  if (before.fields === undefined || after.fields === undefined) return [];
  const known = new Map(before.fields.map((field) => [field.name, field]));
  const wanted = new Set(after.fields.map((field) => field.name));
  return [
    ...after.fields.flatMap((field) => {
      const standing = known.get(field.name);
      return standing === undefined
        ? [columnAdded(table, field, path)]
        : columnChanged(table, standing, field, path, use);
    }),
    ...before.fields
      .filter(({ name }) => !wanted.has(name))
      .map((field) => nestedRemoved(table, field, path, use)),
  ];
}

function typeChanged(
  table: string,
  name: string,
  before: SchemaColumn,
  after: SchemaColumn,
  use: ColumnUse,
): FindingDraft {
  const draft = {
    table,
    column: name,
    kind: 'type_changed',
    before: before.type,
    after: after.type,
  } as const;
  const readers = use.readers(table, name);
  const form = changedForm(before.type, after.type);
  if (isWidening(before.type, after.type)) {
    const fix = setType(table, after);
    if (form !== undefined && readers.length > 0) {
      return {
        ...draft,
        class: 'breaking',
        direction: 'either',
        fix,
        message: `${table}.${name} widens from ${before.type} to ${after.type}, but ${readers.join(', ')} read ${form.from} and would get ${form.to}. Add a column of the new type and move the readers.`,
      };
    }
    return {
      ...draft,
      class: 'needs_order',
      direction: 'table_first',
      fix,
      message: `${table}.${name} widens from ${before.type} to ${after.type}. Run \`${fix.bigquery[0]}\` first: the narrow column refuses what the code will write.`,
    };
  }
  const next = addColumn(table, { ...after, name: `${after.name}_next`, mode: 'NULLABLE' });
  return {
    ...draft,
    class: 'breaking',
    direction: 'either',
    fix: next,
    message: `${table}.${name} changes from ${before.type} to ${after.type}, which no order makes safe: values that stand do not fit or change their meaning. Add a column of the new type, write both, copy, move the readers, drop the old one.`,
  };
}

function modeChanged(table: string, name: string, before: SchemaColumn, after: SchemaColumn): FindingDraft {
  const draft = { table, column: name, before: before.mode, after: after.mode } as const;
  if (before.mode === 'REPEATED' || after.mode === 'REPEATED') {
    return {
      ...draft,
      kind: 'mode_repeated',
      class: 'breaking',
      direction: 'either',
      fix: NOTHING,
      message: `${table}.${name} changes between one value and many, which no engine does in place. Add a column of the new shape.`,
    };
  }
  if (after.mode === 'NULLABLE') {
    const fix = alterColumn(table, name, 'DROP NOT NULL');
    return {
      ...draft,
      kind: 'mode_relaxed',
      class: 'needs_order',
      direction: 'table_first',
      fix,
      message: `${table}.${name} may now be null, but the table still refuses it. Run \`${fix.bigquery[0]}\`, then deploy.`,
    };
  }
  return {
    ...draft,
    kind: 'mode_tightened',
    class: 'breaking',
    direction: 'code_first',
    fix: { bigquery: [], duckdb: [`ALTER TABLE ${table} ALTER COLUMN ${name} SET NOT NULL`] },
    message: `${table}.${name} becomes required, but rows that stand may have null in it and BigQuery cannot tighten a column. Keep it nullable and let the audit demand a value, or rebuild the table.`,
  };
}

function orderChanged(before: SchemaTable, after: SchemaTable): FindingDraft[] {
  const [a, b] = [
    before.columns.map(({ name }) => name).join(', '),
    after.columns.map(({ name }) => name).join(', '),
  ];
  if (a === b) return [];
  return [
    {
      table: after.id,
      column: null,
      kind: 'order_changed',
      class: 'safe',
      direction: 'either',
      before: a,
      after: b,
      fix: NOTHING,
      message: `${after.id} has its columns in another order; all code names them.`,
    },
  ];
}
