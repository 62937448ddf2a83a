import type { ColumnUse } from './column-presence.ts';
import { compareColumns } from './compare-columns.ts';
import { compareFunctions } from './compare-functions.ts';
import { compareLayout } from './compare-layout.ts';
import { compareViews } from './compare-views.ts';
import { type Finding, type FindingDraft, findingId } from './finding.ts';
import { byText, type Schema, type SchemaTable } from './model.ts';
import { both, createTable } from './statements.ts';

/** Who writes and who reads what: from the contracts and from the SQL texts of the code. */
export interface Usage extends ColumnUse {
  writers(table: string, column: string | null): readonly string[];
  /** Readers of a table, a view or a function (`fn.name`). */
  readersOf(table: string): readonly string[];
}

/** Nobody writes and nobody reads, as far as is known. */
export const NO_USAGE: Usage = { writers: () => [], readers: () => [], readersOf: () => [] };

/**
 * Every difference between what a warehouse is (`before`: live, or the contracts at an earlier revision) and what the code
 * wants (`after`), each with its class, who must go first, who writes and reads it, and the statements that fix it.
 * What one side does not know is not compared. Sorted by table and column.
 */
export function compare(before: Schema, after: Schema, usage: Usage = NO_USAGE): Finding[] {
  const known = new Map(before.tables.map((table) => [table.id, table]));
  const wanted = new Map(after.tables.map((table) => [table.id, table]));
  const drafts: FindingDraft[] = [
    ...after.tables.filter(({ id }) => !known.has(id)).map(tableAdded),
    ...before.tables.filter(({ id }) => !wanted.has(id)).map((table) => tableRemoved(table, usage)),
    ...after.tables.flatMap((table) => {
      const standing = known.get(table.id);
      return standing === undefined
        ? []
        : [...compareColumns(standing, table, usage), ...compareLayout(standing, table, usage)];
    }),
    ...compareViews(before.views, after.views, usage),
    ...(before.functions === undefined || after.functions === undefined
      ? []
      : compareFunctions(before.functions, after.functions, usage)),
  ];
  return drafts
    .map((draft) => ({
      ...draft,
      id: findingId(draft),
      writers: usage.writers(draft.table, draft.column),
      readers:
        draft.column === null ? usage.readersOf(draft.table) : usage.readers(draft.table, draft.column),
    }))
    .sort(
      (a, b) => byText(a.id.slice(a.id.indexOf(' ')), b.id.slice(b.id.indexOf(' '))) || byText(a.id, b.id),
    );
}

function tableAdded(table: SchemaTable): FindingDraft {
  return {
    table: table.id,
    column: null,
    kind: 'table_added',
    class: 'needs_order',
    direction: 'table_first',
    before: null,
    after: 'table',
    fix: createTable(table),
    message: `there is no table ${table.id}: code that writes or reads it fails. Run \`tipoff schema apply\`, then deploy.`,
  };
}

function tableRemoved(table: SchemaTable, usage: Usage): FindingDraft {
  const readers = usage.readersOf(table.id);
  const base = {
    table: table.id,
    column: null,
    kind: 'table_removed',
    direction: 'code_first',
    before: 'table',
    after: null,
    fix: both(`DROP TABLE ${table.id}`),
  } as const;
  return readers.length > 0
    ? {
        ...base,
        class: 'breaking',
        message: `no contract describes ${table.id}, but it is still read by ${readers.join(', ')}. Change the readers first.`,
      }
    : {
        ...base,
        class: 'needs_order',
        message: `no contract describes ${table.id}. It may stay, or be dropped once the code that used it is gone.`,
      };
}
