import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import {
  byText,
  type Schema,
  type SchemaColumn,
  type SchemaFunction,
  type SchemaTable,
  splitId,
} from './model.ts';

/** A file of a schema: `path` is below the folder of its kind. */
export interface SchemaFile {
  readonly path: string;
  readonly text: string;
}

/** The kind of schema in a file: the deployed one, or the one the code wants. Only the second has keys and writers. */
export type SchemaFileKind = 'snapshot' | 'contracts';

const WRITTEN_BY: Readonly<Record<SchemaFileKind, string>> = {
  snapshot: 'tipoff schema snapshot',
  contracts: 'npm run docs',
};

const FUNCTIONS_FILE = 'fn';

const common = {
  name: z.string().min(1),
  type: z.string().min(1),
  mode: z.enum(['NULLABLE', 'REQUIRED', 'REPEATED']),
  description: z.string().exactOptional(),
  // Most columns have no default; null is not written.
  default: z.string().nullable().default(null),
};
const nested: z.ZodType<SchemaColumn> = z.lazy(() =>
  z.strictObject({ ...common, fields: z.array(nested).exactOptional() }),
);
const column = { ...common, fields: z.array(nested).exactOptional() };
const layout = {
  description: z.string().exactOptional(),
  partition: z.string().nullable().exactOptional(),
  cluster: z.array(z.string()).exactOptional(),
  partitionFilterRequired: z.boolean().exactOptional(),
  retentionDays: z.number().int().positive().nullable().exactOptional(),
};
const rest = {
  dataset: z.string().min(1),
  views: z.record(
    z.string(),
    z.strictObject({
      columns: z.array(z.string()),
      sql: z.string().exactOptional(),
      digest: z.string().exactOptional(),
    }),
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
};
/** The required content of each kind of file. A contract without key or writers would compare as unchanged, so both are required. */
const FILE = {
  snapshot: z.strictObject({
    ...rest,
    tables: z.record(z.string(), z.strictObject({ ...layout, columns: z.array(nested) })),
  }),
  contracts: z.strictObject({
    ...rest,
    tables: z.record(
      z.string(),
      z.strictObject({
        ...layout,
        key: z.array(z.string()).min(1),
        columns: z.array(
          z.strictObject({
            ...column,
            writer: z.string().min(1),
            decimals: z.number().int().nullable().default(null),
            range: z.tuple([z.number(), z.number()]).nullable().default(null),
          }),
        ),
      }),
    ),
  }),
};

/**
 * A schema as files, one per dataset and one for the functions. Deterministic: tables by name, columns in
 * contract order, no times or row counts; properties that a kind of file does not hold are left out.
 */
export function schemaFiles(schema: Schema, kind: SchemaFileKind): SchemaFile[] {
  const ids = [...schema.tables, ...schema.views].map(({ id }) => splitId(id).dataset as string);
  const files = [...new Set(ids)].sort(byText).map((dataset) => ({
    dataset,
    tables: Object.fromEntries(
      ofDataset(schema.tables, dataset).map((table) => [splitId(table.id).name, plainTable(table, kind)]),
    ),
    views: Object.fromEntries(
      ofDataset(schema.views, dataset).map(({ id, columns, sql, digest }) => [
        splitId(id).name,
        sql === undefined ? { columns, digest } : { columns, sql },
      ]),
    ),
  }));
  const functions = [...(schema.functions ?? [])].sort((a, b) => byText(a.name, b.name)).map(plainFunction);
  const all =
    schema.functions === undefined
      ? files
      : [...files, { dataset: FUNCTIONS_FILE, tables: {}, views: {}, functions }];
  return all.map((content) => ({
    path: `${content.dataset}.json`,
    text: `${JSON.stringify(content, null, 2)}\n`,
  }));
}

function ofDataset<T extends { readonly id: string }>(all: readonly T[], dataset: string): T[] {
  return all.filter(({ id }) => splitId(id).dataset === dataset).sort((a, b) => byText(a.id, b.id));
}

function plainTable(table: SchemaTable, kind: SchemaFileKind): object {
  const { description, partition, cluster, partitionFilterRequired, retentionDays, key } = table;
  const columns = table.columns.map((each) => plainColumn(each, kind));
  return {
    description,
    partition,
    cluster,
    partitionFilterRequired,
    retentionDays,
    ...(kind === 'contracts' ? { key } : {}),
    columns,
  };
}

function plainColumn(each: SchemaColumn, kind: SchemaFileKind): object {
  const { name, type, mode, description, default: fallback, fields, writer, decimals, range } = each;
  return {
    name,
    type,
    mode,
    description,
    default: fallback ?? undefined,
    ...(kind === 'contracts' ? { writer, decimals: decimals ?? undefined, range: range ?? undefined } : {}),
    fields: fields?.map((field) => plainColumn(field, 'snapshot')),
  };
}

function plainFunction({ name, parameters, body, digests }: SchemaFunction): object {
  return body === undefined ? { name, parameters, digests } : { name, parameters, body };
}

/**
 * Reads files of a kind back into a schema. Throws TIPOFF_BAD_INPUT naming the file and the invalid field;
 * `place` says where the files come from.
 */
export function readSchemaFiles(files: readonly SchemaFile[], kind: SchemaFileKind, place = ''): Schema {
  const parsed = files.map((file) => parse(file, kind, place));
  const functions = parsed.flatMap((content) => content.functions ?? []);
  return {
    tables: parsed.flatMap(({ dataset, tables }) =>
      Object.entries(tables).map(([name, table]) => ({ id: `${dataset}.${name}`, ...table })),
    ),
    views: parsed.flatMap(({ dataset, views }) =>
      Object.entries(views).map(([name, view]) => ({ id: `${dataset}.${name}`, ...view })),
    ),
    ...(parsed.some((content) => content.functions !== undefined) ? { functions } : {}),
  };
}

function parse(
  { path, text }: SchemaFile,
  kind: SchemaFileKind,
  place: string,
): z.infer<(typeof FILE)[SchemaFileKind]> {
  const [name, hint] = [
    `${place}${path}`,
    `These files are written by \`${WRITTEN_BY[kind]}\`; restore the file or write it again.`,
  ];
  const what = kind === 'snapshot' ? 'a snapshot' : 'contracts';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${name}: expected ${what} as JSON, saw text that does not parse`,
      { hint, cause },
    );
  }
  const result = FILE[kind].safeParse(value);
  if (result.success) return result.data;
  throw new TipoffError('TIPOFF_BAD_INPUT', `${name}: expected ${what}: ${z.prettifyError(result.error)}`, {
    hint,
    details: { path: name },
  });
}
