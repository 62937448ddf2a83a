import { textDigest } from '#platform/sql/port.ts';
import type { FindingDraft, Fix } from './finding.ts';
import type { SchemaView } from './model.ts';
import { both, NOTHING } from './statements.ts';
import { removed, type TextUse, words } from './text-changes.ts';

/** Differences between views: columns matter to readers, the text alone changes what they read but not whether they can. */
export function compareViews(
  before: readonly SchemaView[],
  after: readonly SchemaView[],
  use: TextUse,
): FindingDraft[] {
  const known = new Map(before.map((view) => [view.id, view]));
  const wanted = new Set(after.map(({ id }) => id));
  return [
    ...after.flatMap((view) => {
      const standing = known.get(view.id);
      return standing === undefined ? [viewAdded(view)] : viewChanged(standing, view, use);
    }),
    ...before
      .filter(({ id }) => !wanted.has(id))
      .map(({ id }) => removed(id, 'view', use.readersOf(id), `DROP VIEW ${id}`)),
  ];
}

function viewAdded(view: SchemaView): FindingDraft {
  return {
    table: view.id,
    column: null,
    kind: 'view_added',
    class: 'needs_order',
    direction: 'table_first',
    before: null,
    after: 'view',
    fix: view.sql === undefined ? NOTHING : both(`CREATE OR REPLACE VIEW ${view.id} AS ${view.sql.trim()}`),
    message: `there is no view ${view.id}: code that reads it fails. Run \`tipoff schema apply\`, then deploy.`,
  };
}

function viewChanged(before: SchemaView, after: SchemaView, use: TextUse): FindingDraft[] {
  const fix =
    after.sql === undefined ? NOTHING : both(`CREATE OR REPLACE VIEW ${after.id} AS ${after.sql.trim()}`);
  const [lost, gained] = [missingIn(before, after), missingIn(after, before)];
  if (lost.length > 0 || gained.length > 0) return [columnsChanged(after.id, lost, gained, fix, use)];
  const sameText = hasSameText(before, after);
  if (after.sql === undefined || sameText === undefined || sameText) return [];
  return [
    {
      table: after.id,
      column: null,
      kind: 'view_text_changed',
      class: 'safe',
      direction: 'either',
      before: before.sql === undefined ? (before.digest ?? null) : words(before.sql),
      after: words(after.sql),
      fix,
      message: `${after.id} selects differently with the same columns; \`tipoff schema apply\` replaces it.`,
    },
  ];
}

/** Columns of one view that another has not. */
function missingIn({ columns }: SchemaView, other: SchemaView): string[] {
  return columns.filter((name) => !other.columns.includes(name));
}

function columnsChanged(
  id: string,
  lost: readonly string[],
  gained: readonly string[],
  fix: Fix,
  use: TextUse,
): FindingDraft {
  const [less, more] = [lost.join(', '), gained.join(', ')];
  const readers = [...new Set(lost.flatMap((name) => use.readers(id, name)))];
  const base = {
    table: id,
    column: null,
    kind: 'view_columns_changed',
    fix,
    before: less || null,
    after: more || null,
  } as const;
  if (readers.length > 0) {
    const message = `${id} loses ${less}, still read by ${readers.join(', ')}. Change the readers first.`;
    return { ...base, class: 'breaking', direction: 'code_first', message };
  }
  if (less !== '' && more !== '') {
    const message = `${id} gains ${more} and loses ${less} at once: code that is deployed may read the one, new code reads the other. Keep both, deploy, then take ${less} out.`;
    return { ...base, class: 'breaking', direction: 'table_first', message };
  }
  return more === ''
    ? {
        ...base,
        class: 'needs_order',
        direction: 'code_first',
        message: `${id} loses ${less}: deploy code that no longer reads them first.`,
      }
    : {
        ...base,
        class: 'needs_order',
        direction: 'table_first',
        message: `${id} gains ${more}: replace the view before code that reads them is deployed (\`tipoff schema apply\`).`,
      };
}

/** Undefined where one side does not know. */
function hasSameText(before: SchemaView, after: SchemaView): boolean | undefined {
  if (before.sql !== undefined && after.sql !== undefined) return words(before.sql) === words(after.sql);
  const [a, b] = [before, after].map(
    ({ sql, digest }) => digest ?? (sql === undefined ? undefined : textDigest(sql)),
  );
  return a === undefined || b === undefined ? undefined : a === b;
}
