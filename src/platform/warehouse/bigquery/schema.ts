import { z } from 'zod';
import type { TableContract } from '#core/contracts/define.ts';

/** A column of a result or a live table. */
export interface ResultField {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly description?: string | undefined;
  readonly defaultValueExpression?: string | undefined;
}

/** What the adapter reads from the answers of BigQuery; everything else in them is ignored. */
export const fieldsSchema = z.object({
  fields: z
    .array(
      z.object({
        name: z.string(),
        type: z.string(),
        mode: z.string().optional(),
        description: z.string().optional(),
        defaultValueExpression: z.string().optional(),
      }),
    )
    .default([]),
});

export const jobSchema = z.object({
  jobReference: z.object({ jobId: z.string(), location: z.string().optional() }),
  status: z.object({ state: z.string(), errorResult: z.unknown().optional() }),
  statistics: z
    .object({
      totalBytesProcessed: z.string().optional(),
      load: z.object({ outputRows: z.string().optional() }).optional(),
      query: z
        .object({
          numDmlAffectedRows: z.string().optional(),
          totalBytesProcessed: z.string().optional(),
          totalBytesBilled: z.string().optional(),
          schema: fieldsSchema.optional(),
        })
        .optional(),
    })
    .optional(),
});
export type Job = z.infer<typeof jobSchema>;

export const resultPageSchema = z.object({
  jobComplete: z.boolean().default(true),
  schema: fieldsSchema.optional(),
  rows: z.array(z.object({ f: z.array(z.object({ v: z.unknown() })) })).default([]),
  pageToken: z.string().optional(),
});

export const tableSchema = z.object({
  tableReference: z.object({ datasetId: z.string(), tableId: z.string() }),
  type: z.string().default('TABLE'),
  creationTime: z.coerce.string().optional(),
  expirationTime: z.coerce.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  numRows: z.coerce.string().optional(),
  schema: fieldsSchema.optional(),
  description: z.string().default(''),
  view: z.object({ query: z.string() }).optional(),
  timePartitioning: z
    .object({ field: z.string().optional(), expirationMs: z.coerce.string().optional(), requirePartitionFilter: z.boolean().optional() })
    .optional(),
  clustering: z.object({ fields: z.array(z.string()).default([]) }).optional(),
  requirePartitionFilter: z.boolean().optional(),
});
export type TableResource = z.infer<typeof tableSchema>;

export const tablesSchema = z.object({
  tables: z.array(z.object({ tableReference: z.object({ tableId: z.string() }) })).default([]),
  nextPageToken: z.string().optional(),
});

export const routinesSchema = z.object({
  routines: z.array(z.object({ routineReference: z.object({ routineId: z.string() }) })).default([]),
  nextPageToken: z.string().optional(),
});

export const routineSchema = z.object({
  routineReference: z.object({ routineId: z.string() }),
  arguments: z
    .array(
      z.object({
        name: z.string(),
        argumentKind: z.string().optional(),
        dataType: z.object({ typeKind: z.string() }).optional(),
      }),
    )
    .default([]),
  definitionBody: z.string().optional(),
});
export type Routine = z.infer<typeof routineSchema>;

/** The older names of types, which the REST interface still answers with. */
const OLDER_NAMES: Readonly<Record<string, string>> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

/** The portable name of a type BigQuery names; types outside of the portable ones keep their name. */
export function portableType(type: string): string {
  return OLDER_NAMES[type] ?? type;
}

/** The explicit schema of a load job. Extra columns come behind those of the contract. */
export function loadSchema(table: TableContract, extra: readonly ResultField[] = []): { fields: ResultField[] } {
  const fields = Object.entries(table.columns).map(([name, { type, required }]) => ({
    name,
    type,
    mode: required ? 'REQUIRED' : 'NULLABLE',
  }));
  return { fields: [...fields, ...extra] };
}
