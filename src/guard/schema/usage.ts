import type { Usage } from './compare.ts';
import { byText, type Schema, type SchemaView } from './model.ts';
import type { SqlText } from './sql-catalogue.ts';
import type { ColumnRef, NameProblem, Relation } from './sql-scope.ts';
import { type Registry, type SqlUsage, sqlUsage } from './sql-usage.ts';

/** A statement of the code with what it uses. */
export interface UsedText extends SqlText {
  readonly usage: SqlUsage;
}

/** A name in the code that the contracts do not have. */
export interface UnknownName extends NameProblem {
  readonly owner: string;
  readonly path: string;
}

/**
 * The names that statements may use: every table of a schema, then every view over them. `now` is the part of the schema that
 * the code still wants; the rest are names of before.
 */
export function registryOf(schema: Schema, now: Schema = schema): Registry {
  const functions = new Set((schema.functions ?? []).map(({ name }) => name));
  const wanted = new Set([
    ...now.tables.flatMap(({ id, columns }) => columns.map(({ name }) => `${id}.${name}`)),
    ...now.views.flatMap(({ id, columns }) => columns.map((name) => `${id}.${name}`)),
  ]);
  const refOf = (table: string, column: string): ColumnRef =>
    now === schema || wanted.has(`${table}.${column}`)
      ? { table, column }
      : { table, column, isFormer: true };
  const relations = new Map<string, Relation>(
    schema.tables.map(({ id, columns }) => [
      id,
      { columns: new Map(columns.map(({ name }) => [name, [refOf(id, name)]])), isOpen: false },
    ]),
  );
  for (const view of schema.views)
    relations.set(view.id, viewRelation(view, { relations, functions }, refOf));
  return { relations, functions };
}

/**
 * A view passes on the columns it selects, so that reading it is reading its tables too. A column it only declares is one
 * that an earlier text of it selected.
 */
function viewRelation(
  view: SchemaView,
  registry: Registry,
  refOf: (table: string, column: string) => ColumnRef,
): Relation {
  const passed = view.sql === undefined ? undefined : sqlUsage(view.sql, registry).result;
  const columns = new Map<string, readonly ColumnRef[]>(
    [...new Set([...(passed?.columns.keys() ?? []), ...view.columns])].map((name) => [
      name,
      [refOf(view.id, name), ...(passed?.columns.get(name) ?? [])],
    ]),
  );
  return { columns, isOpen: passed?.isOpen ?? false };
}

/** Reads every statement of a catalogue. */
export function readTexts(texts: readonly SqlText[], registry: Registry): UsedText[] {
  return texts.map((text) => ({ ...text, usage: sqlUsage(text.sql, registry) }));
}

/** Every name in the statements that nothing declares, with the place in the sources. */
export function unknownNames(texts: readonly UsedText[]): UnknownName[] {
  return texts.flatMap(({ owner, path, line, usage }) =>
    usage.problems.map((found) => ({ ...found, owner, path, line: line + found.line - 1 })),
  );
}

/** Who writes and reads what, over contracts and statements. */
export function usageOf(schema: Schema, texts: readonly UsedText[]): Usage {
  const readers = gather(
    texts.flatMap(({ owner, usage }) =>
      usage.reads.map(({ table, column }) => [`${table}.${column}`, owner] as const),
    ),
  );
  const tables = gather(
    texts.flatMap(({ owner, usage }) =>
      [...usage.tables, ...usage.functions].map((id) => [id, owner] as const),
    ),
  );
  const writers = gather(
    schema.tables.flatMap(({ id, columns }) =>
      columns.flatMap(({ name, writer }) =>
        writer === undefined ? [] : [[`${id}.${name}`, writer] as const, [id, writer] as const],
      ),
    ),
  );
  return {
    readers: (table, column) => readers(`${table}.${column}`),
    readersOf: tables,
    writers: (table, column) => writers(column === null ? table : `${table}.${column}`),
  };
}

function gather(pairs: readonly (readonly [string, string])[]): (key: string) => readonly string[] {
  const found = new Map<string, Set<string>>();
  for (const [key, value] of pairs) found.set(key, (found.get(key) ?? new Set()).add(value));
  return (key) => [...(found.get(key) ?? [])].sort(byText);
}
