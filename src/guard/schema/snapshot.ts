import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import { compare } from './compare.ts';
import { byText, type Schema, type SchemaColumn, type SchemaFunction, splitId } from './model.ts';

const column: z.ZodType<SchemaColumn> = z.lazy(() =>
  z.strictObject({
    name: z.string().min(1),
    type: z.string().min(1),
    mode: z.enum(['NULLABLE', 'REQUIRED', 'REPEATED']),
    description: z.string().exactOptional(),
    default: z.string().nullable().exactOptional(),
    fields: z.array(column).exactOptional(),
  }),
);

const file = z.strictObject({
  dataset: z.string().min(1),
  tables: z.record(
    z.string(),
    z.strictObject({
      description: z.string().exactOptional(),
      partition: z.string().nullable().exactOptional(),
      cluster: z.array(z.string()).exactOptional(),
      partitionFilterRequired: z.boolean().exactOptional(),
      retentionDays: z.number().int().positive().nullable().exactOptional(),
      columns: z.array(column),
    }),
  ),
  views: z.record(
    z.string(),
    z.strictObject({ columns: z.array(z.string()), sql: z.string().exactOptional(), digest: z.string().exactOptional() }),
  ),
  functions: z
    .array(
      z.strictObject({
        name: z.string(),
        parameters: z.array(z.string()),
        body: z.string().exactOptional(),
        digests: z.partialRecord(z.enum(['duckdb', 'bigquery']), z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
});

/** A snapshot file: `path` is below the snapshot folder. */
export interface SnapshotFile {
  readonly path: string;
  readonly text: string;
}

const FUNCTIONS_FILE = 'fn';

/**
 * A schema as files, one per dataset and one for the functions. Deterministic: tables by name, columns in their order, no
 * times, no row counts, nothing that only contracts know; the same schema gives the same bytes on every engine.
 */
export function snapshotFiles(schema: Schema): SnapshotFile[] {
  const ids = [...schema.tables, ...schema.views].map(({ id }) => splitId(id).dataset as string);
  const datasets = [...new Set(ids)].sort(byText);
  const files = datasets.map((dataset) => {
    const tables = schema.tables.filter(({ id }) => splitId(id).dataset === dataset).sort((a, b) => byText(a.id, b.id));
    const views = schema.views.filter(({ id }) => splitId(id).dataset === dataset).sort((a, b) => byText(a.id, b.id));
    return {
      dataset,
      tables: Object.fromEntries(
        tables.map(({ id, columns, description, partition, cluster, partitionFilterRequired, retentionDays }) => [
          splitId(id).name,
          { description, partition, cluster, partitionFilterRequired, retentionDays, columns: columns.map(plainColumn) },
        ]),
      ),
      views: Object.fromEntries(
        views.map(({ id, columns, sql, digest }) => [splitId(id).name, sql === undefined ? { columns, digest } : { columns, sql }]),
      ),
    };
  });
  const functions =
    schema.functions === undefined
      ? []
      : [
          {
            dataset: FUNCTIONS_FILE,
            tables: {},
            views: {},
            functions: [...schema.functions].sort((a, b) => byText(a.name, b.name)).map(plainFunction),
          },
        ];
  return [...files, ...functions].map((content) => ({ path: `${content.dataset}.json`, text: `${JSON.stringify(content, null, 2)}\n` }));
}

function plainColumn({ name, type, mode, description, default: fallback, fields }: SchemaColumn): object {
  // No default is the rule and not written.
  return { name, type, mode, description, default: fallback ?? undefined, fields: fields?.map(plainColumn) };
}

function plainFunction({ name, parameters, body, digests }: SchemaFunction): object {
  return body === undefined ? { name, parameters, digests } : { name, parameters, body };
}

/** Reads snapshot files back. Throws TIPOFF_BAD_INPUT naming the file and the field that is wrong. */
export function readSnapshot(files: readonly SnapshotFile[]): Schema {
  const parsed = files.map(({ path, text }) => parse(path, text));
  const functions = parsed.flatMap((content) => content.functions ?? []);
  return {
    tables: parsed.flatMap(({ dataset, tables }) =>
      Object.entries(tables).map(([name, table]) => ({ id: `${dataset}.${name}`, ...table })),
    ),
    views: parsed.flatMap(({ dataset, views }) => Object.entries(views).map(([name, view]) => ({ id: `${dataset}.${name}`, ...view }))),
    ...(parsed.some((content) => content.functions !== undefined) ? { functions } : {}),
  };
}

function parse(path: string, text: string): z.infer<typeof file> {
  const hint = 'Snapshots are written by `tipoff schema snapshot`; restore the file or write it anew.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${path}: expected a snapshot as JSON, saw text that does not parse`, { hint, cause });
  }
  const result = file.safeParse(value);
  if (result.success) return result.data;
  throw new TipoffError('TIPOFF_BAD_INPUT', `${path}: expected a snapshot: ${z.prettifyError(result.error)}`, { hint, details: { path } });
}

/**
 * The live schema with the texts of views and functions, which no engine gives back as they were written, put in from the
 * code where the live ones were made from the same text. Others keep the digest of what they were made from.
 */
export function liveSnapshot(live: Schema, code: Schema): Schema {
  const changed = new Set(compare({ ...live, tables: [] }, { ...code, tables: [] }).map(({ table }) => table));
  const texts = new Map(code.views.map((view) => [view.id, view]));
  const bodies = new Map((code.functions ?? []).map((each) => [each.name, each]));
  return {
    ...live,
    views: live.views.map((view) => (changed.has(view.id) ? view : (texts.get(view.id) ?? view))),
    ...(live.functions === undefined
      ? {}
      : { functions: live.functions.map((each) => (changed.has(`fn.${each.name}`) ? each : (bodies.get(each.name) ?? each))) }),
  };
}
