import type { Dataset, TableContract } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import type { LiveColumn, TableInfo, TableLayout, TableOptions, TableRef } from '#platform/warehouse/port.ts';
import { loadSchema, portableType, type ResultField, type TableResource } from './schema.ts';

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
    schema: loadSchema(table),
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
export function toColumn({ name, type, mode, description }: ResultField): LiveColumn {
  return { name, type: portableType(type), required: mode === 'REQUIRED', ...(description === undefined ? {} : { description }) };
}
