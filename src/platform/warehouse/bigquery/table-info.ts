import type { Dataset, TableContract } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import type { FunctionInfo, LiveColumn, TableInfo, TableLayout, TableOptions, TableRef } from '#platform/warehouse/port.ts';
import { textDigest } from '#platform/warehouse/text-digest.ts';
import { loadSchema, portableType, type ResultField, type Routine, type TableResource } from './schema.ts';

/** Label of a view with the digest of the text it was made from: the engine may keep the text in other words. */
export const TEXT_LABEL = 'tipoff_text';
const MILLISECONDS_A_DAY = 86_400_000;

/**
 * A table as it is created: columns, partition, clustering and retention of its contract, labels and expiry. One request
 * makes it complete, so that it never stands without its expiry.
 */
export function tableResource(
  projectId: string,
  table: TableContract,
  as: TableRef,
  { labels = {}, expiresAt }: TableOptions = {},
): object {
  const { description, partition, cluster, partitionFilterRequired, retentionDays } = table;
  const expirationMs = retentionDays === undefined ? {} : { expirationMs: String(retentionDays * MILLISECONDS_A_DAY) };
  return {
    tableReference: { projectId, datasetId: as.dataset, tableId: as.name },
    description,
    schema: { fields: loadSchema(table).fields.map((field) => ({ ...field, description: table.columns[field.name]?.description })) },
    labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [labelPart(name), labelPart(value)])),
    ...(expiresAt === undefined ? {} : { expirationTime: String(Date.parse(expiresAt)) }),
    ...(partition === undefined ? {} : { timePartitioning: { type: 'DAY', field: partition, ...expirationMs } }),
    ...(partitionFilterRequired === true ? { requirePartitionFilter: true } : {}),
    ...(cluster === undefined ? {} : { clustering: { fields: cluster } }),
  };
}

function labelPart(text: string): string {
  if (/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(text)) return text;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a label of at most 63 small letters, digits, hyphens and underscores, saw ${JSON.stringify(text)}`,
    {
      hint: 'Choose another label; BigQuery permits no others.',
      details: { label: text },
    },
  );
}

/** A table as the port shows it. */
export function toInfo(dataset: Dataset, table: TableResource): TableInfo {
  const instant = (milliseconds: string | undefined): string | null =>
    milliseconds === undefined || milliseconds === '0' ? null : new Date(Number(milliseconds)).toISOString();
  const isView = table.type === 'VIEW' || table.type === 'MATERIALIZED_VIEW';
  return {
    dataset,
    name: table.tableReference.tableId,
    kind: isView ? 'view' : 'table',
    createdAt: instant(table.creationTime),
    expiresAt: instant(table.expirationTime),
    labels: table.labels,
    rows: isView ? 0 : Number(table.numRows ?? 0),
    ...(isView ? {} : { layout: layoutOf(table) }),
    ...(table.view === undefined ? {} : { text: table.labels[TEXT_LABEL] ?? textDigest(table.view.query) }),
  };
}

function layoutOf({ description, timePartitioning, clustering, requirePartitionFilter }: TableResource): TableLayout {
  const { expirationMs } = timePartitioning ?? {};
  return {
    description,
    partition: timePartitioning?.field ?? null,
    cluster: clustering?.fields ?? [],
    partitionFilterRequired: requirePartitionFilter ?? timePartitioning?.requirePartitionFilter ?? false,
    retentionDays: expirationMs === undefined || expirationMs === '0' ? null : Number(expirationMs) / MILLISECONDS_A_DAY,
  };
}

/** A live column as the port shows it. */
export function toColumn({ name, type, mode, description, defaultValueExpression }: ResultField): LiveColumn {
  const portable = portableType(type);
  return {
    name,
    type: mode === 'REPEATED' ? `ARRAY<${portable}>` : portable,
    required: mode === 'REQUIRED',
    ...(description === undefined ? {} : { description }),
    ...(defaultValueExpression === undefined ? {} : { default: defaultValueExpression }),
  };
}

/** A function as the port shows it; its digest is that of its definition as the library writes it. */
export function toFunction({ routineReference, arguments: list, definitionBody }: Routine): FunctionInfo {
  const parameters = list.map(
    ({ name, argumentKind, dataType }) => `${name} ${argumentKind === 'ANY_TYPE' ? 'ANY TYPE' : dataType?.typeKind}`,
  );
  return {
    name: routineReference.routineId,
    parameters: list.map(({ name }) => name),
    ...(definitionBody === undefined ? {} : { text: textDigest(`(${parameters.join(', ')}) AS (${definitionBody})`) }),
  };
}
