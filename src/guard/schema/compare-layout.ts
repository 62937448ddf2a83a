import type { FindingDraft } from './finding.ts';
import type { SchemaTable } from './model.ts';
import { NOTHING, quoted, rebuild, tableOptions } from './statements.ts';

interface LayoutUse {
  readersOf(table: string): readonly string[];
}

/** Differences in how a table is laid out. Facets that one side does not know are left out. */
export function compareLayout(before: SchemaTable, after: SchemaTable, use: LayoutUse): FindingDraft[] {
  return [
    ...partition(before, after),
    ...partitionFilter(before, after),
    ...cluster(before, after),
    ...retention(before, after),
    ...key(before, after, use),
    ...description(before, after),
  ];
}

function partition(before: SchemaTable, after: SchemaTable): FindingDraft[] {
  if (before.partition === undefined || after.partition === undefined || before.partition === after.partition)
    return [];
  const base = {
    table: after.id,
    column: null,
    kind: 'partition_changed',
    before: before.partition,
    after: after.partition,
  } as const;
  return [
    {
      ...base,
      class: 'breaking',
      direction: 'table_first',
      fix: rebuild(after),
      message: `${after.id} is partitioned by ${before.partition ?? 'nothing'} and should be by ${after.partition ?? 'nothing'}: a table keeps its partitioning. Rebuild it as a copy while nothing writes.`,
    },
  ];
}

function partitionFilter(before: SchemaTable, after: SchemaTable): FindingDraft[] {
  const [a, b] = [before.partitionFilterRequired, after.partitionFilterRequired];
  if (a === undefined || b === undefined || a === b) return [];
  return [
    {
      table: after.id,
      column: null,
      kind: 'partition_filter_changed',
      class: b ? 'needs_order' : 'safe',
      direction: b ? 'code_first' : 'either',
      before: String(a),
      after: String(b),
      fix: tableOptions(after.id, `require_partition_filter = ${b ? 'TRUE' : 'FALSE'}`),
      message: b
        ? `${after.id} will refuse queries without a bound on ${after.partition ?? 'its partition column'}: deploy readers that have one first.`
        : `${after.id} takes queries without a bound on its partition column.`,
    },
  ];
}

function cluster(before: SchemaTable, after: SchemaTable): FindingDraft[] {
  if (before.cluster === undefined || after.cluster === undefined) return [];
  const [a, b] = [before.cluster.join(', '), after.cluster.join(', ')];
  if (a === b) return [];
  return [
    {
      table: after.id,
      column: null,
      kind: 'cluster_changed',
      class: 'safe',
      direction: 'either',
      before: a,
      after: b,
      fix: NOTHING,
      message: `${after.id} is clustered by ${a || 'nothing'} and should be by ${b || 'nothing'}: results stay the same, only cost changes. Set it with \`bq update --clustering_fields\`.`,
    },
  ];
}

function retention(before: SchemaTable, after: SchemaTable): FindingDraft[] {
  const [a, b] = [before.retentionDays, after.retentionDays];
  if (a === undefined || b === undefined || a === b) return [];
  const shorter = b !== null && (a === null || b < a);
  const days = (value: number | null): string => (value === null ? 'for ever' : `${value} days`);
  return [
    {
      table: after.id,
      column: null,
      kind: 'retention_changed',
      class: shorter ? 'breaking' : 'safe',
      direction: 'either',
      before: days(a),
      after: days(b),
      fix: tableOptions(after.id, `partition_expiration_days = ${b ?? 'NULL'}`),
      message: shorter
        ? `${after.id} would keep ${days(b)} instead of ${days(a)}: what is older is deleted at once and for good.`
        : `${after.id} keeps its rows for longer: ${days(b)} instead of ${days(a)}.`,
    },
  ];
}

function key(before: SchemaTable, after: SchemaTable, use: LayoutUse): FindingDraft[] {
  if (before.key === undefined || after.key === undefined) return [];
  const [a, b] = [[...before.key].sort().join(', '), [...after.key].sort().join(', ')];
  if (a === b) return [];
  const finer = before.key.every((name) => after.key?.includes(name));
  const readers = use.readersOf(after.id);
  return [
    {
      table: after.id,
      column: null,
      kind: 'key_changed',
      class: !finer ? 'breaking' : readers.length > 0 ? 'needs_order' : 'safe',
      direction: finer && readers.length > 0 ? 'code_first' : 'either',
      before: a,
      after: b,
      fix: NOTHING,
      message: finer
        ? `rows of ${after.id} are told apart by more columns (${b}): what stands stays unique, but one row may become several.${readers.length > 0 ? ` See that ${readers.join(', ')} can take that before it is written.` : ''}`
        : `rows of ${after.id} are told apart by ${b} instead of ${a}: rows that stand may collide. Prove that there are none, or rebuild the table.`,
    },
  ];
}

function description(before: SchemaTable, after: SchemaTable): FindingDraft[] {
  if (
    before.description === undefined ||
    after.description === undefined ||
    before.description === after.description
  )
    return [];
  return [
    {
      table: after.id,
      column: null,
      kind: 'description_changed',
      class: 'safe',
      direction: 'either',
      before: before.description,
      after: after.description,
      fix: {
        bigquery: [`ALTER TABLE ${after.id} SET OPTIONS (description = ${quoted(after.description)})`],
        duckdb: [],
      },
      message: `${after.id} is described differently.`,
    },
  ];
}
