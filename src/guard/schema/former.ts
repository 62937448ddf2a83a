import type { Schema, SchemaColumn } from './model.ts';

/**
 * A schema with the tables, columns, views and functions that earlier versions had and it has not. Statements are read by
 * it, so that whoever still uses a name that is going is found.
 */
export function withFormer(now: Schema, earlier: readonly Schema[]): Schema {
  const all = [now, ...earlier];
  return {
    tables: merged(all.map(({ tables }) => tables)).map(([table, ...others]) => ({
      ...table,
      columns: merged(
        [table, ...others].map(({ columns }) => columns.map((column) => ({ ...column, id: column.name }))),
      ).map(([{ id: _, ...column }]): SchemaColumn => column),
    })),
    views: merged(all.map(({ views }) => views)).map(([view, ...others]) => ({
      ...view,
      columns: [...new Set([view, ...others].flatMap(({ columns }) => columns))],
    })),
    functions: merged(
      all.map(({ functions = [] }) => functions.map((each) => ({ ...each, id: each.name }))),
    ).map(([{ id: _, ...each }]) => each),
  };
}

/** Things of one name out of several lists, the first list's first. */
function merged<T extends { readonly id: string }>(lists: readonly (readonly T[])[]): [T, ...T[]][] {
  const found = new Map<string, [T, ...T[]]>();
  for (const each of lists.flat()) {
    const same = found.get(each.id);
    if (same === undefined) found.set(each.id, [each]);
    else same.push(each);
  }
  return [...found.values()];
}
