import { textDigest } from '#platform/sql/port.ts';
import type { FindingDraft } from './finding.ts';
import type { SchemaFunction, SchemaView } from './model.ts';
import { both, createFunction, NOTHING } from './statements.ts';

interface ViewUse {
  readers(table: string, column: string): readonly string[];
  readersOf(table: string): readonly string[];
}

/** Differences between views: columns matter to readers, the text alone changes what they read but not whether they can. */
export function compareViews(before: readonly SchemaView[], after: readonly SchemaView[], use: ViewUse): FindingDraft[] {
  const known = new Map(before.map((view) => [view.id, view]));
  const wanted = new Set(after.map(({ id }) => id));
  return [
    ...after.flatMap((view) => {
      const standing = known.get(view.id);
      return standing === undefined ? [viewAdded(view)] : viewChanged(standing, view, use);
    }),
    ...before.filter(({ id }) => !wanted.has(id)).map(({ id }) => removed(id, 'view', use.readersOf(id), `DROP VIEW ${id}`)),
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

function viewChanged(before: SchemaView, after: SchemaView, use: ViewUse): FindingDraft[] {
  const fix = after.sql === undefined ? NOTHING : both(`CREATE OR REPLACE VIEW ${after.id} AS ${after.sql.trim()}`);
  const lost = before.columns.filter((name) => !after.columns.includes(name));
  const gained = after.columns.filter((name) => !before.columns.includes(name));
  if (lost.length > 0 || gained.length > 0) {
    const readers = [...new Set(lost.flatMap((name) => use.readers(after.id, name)))];
    const base = {
      table: after.id,
      column: null,
      kind: 'view_columns_changed',
      fix,
      before: lost.join(', ') || null,
      after: gained.join(', ') || null,
    } as const;
    if (readers.length > 0) {
      return [
        {
          ...base,
          class: 'breaking',
          direction: 'code_first',
          message: `${after.id} loses ${lost.join(', ')}, still read by ${readers.join(', ')}. Change the readers first.`,
        },
      ];
    }
    if (lost.length > 0 && gained.length > 0) {
      return [
        {
          ...base,
          class: 'breaking',
          direction: 'table_first',
          message: `${after.id} gains ${gained.join(', ')} and loses ${lost.join(', ')} at once: code that is deployed may read the one, new code reads the other. Keep both, deploy, then take ${lost.join(', ')} out.`,
        },
      ];
    }
    return gained.length > 0
      ? [
          {
            ...base,
            class: 'needs_order',
            direction: 'table_first',
            message: `${after.id} gains ${gained.join(', ')}: replace the view before code that reads them is deployed (\`tipoff schema apply\`).`,
          },
        ]
      : [
          {
            ...base,
            class: 'needs_order',
            direction: 'code_first',
            message: `${after.id} loses ${lost.join(', ')}: deploy code that no longer reads them first.`,
          },
        ];
  }
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

/** Undefined where one side does not know. */
function hasSameText(before: SchemaView, after: SchemaView): boolean | undefined {
  if (before.sql !== undefined && after.sql !== undefined) return words(before.sql) === words(after.sql);
  const [a, b] = [before, after].map(({ sql, digest }) => digest ?? (sql === undefined ? undefined : textDigest(sql)));
  return a === undefined || b === undefined ? undefined : a === b;
}

/** Differences between the functions of the `fn` library. */
export function compareFunctions(before: readonly SchemaFunction[], after: readonly SchemaFunction[], use: ViewUse): FindingDraft[] {
  const known = new Map(before.map((each) => [each.name, each]));
  const wanted = new Set(after.map(({ name }) => name));
  return [
    ...after.flatMap((each) => {
      const standing = known.get(each.name);
      return standing === undefined ? [functionAdded(each)] : functionChanged(standing, each, use);
    }),
    ...before
      .filter(({ name }) => !wanted.has(name))
      .map(({ name }) => removed(`fn.${name}`, 'function', use.readersOf(`fn.${name}`), `DROP FUNCTION fn.${name}`)),
  ];
}

function functionAdded(added: SchemaFunction): FindingDraft {
  const { name } = added;
  return {
    table: `fn.${name}`,
    column: null,
    kind: 'function_added',
    class: 'needs_order',
    direction: 'table_first',
    before: null,
    after: 'function',
    fix: createFunction(added),
    message: `there is no function fn.${name}: statements that call it fail. Run \`tipoff schema apply\`, then deploy.`,
  };
}

function functionChanged(before: SchemaFunction, after: SchemaFunction, use: ViewUse): FindingDraft[] {
  const table = `fn.${after.name}`;
  const types = narrowedTypes(before, after);
  if (before.parameters.length !== after.parameters.length || types !== undefined) {
    const callers = use.readersOf(table);
    const [a, b] = types ?? [before.parameters.join(', '), after.parameters.join(', ')];
    return [
      {
        table,
        column: null,
        kind: 'function_signature_changed',
        class: callers.length > 0 ? 'breaking' : 'needs_order',
        direction: callers.length > 0 ? 'either' : 'table_first',
        before: a,
        after: b,
        fix: callers.length > 0 ? NOTHING : createFunction(after),
        message:
          callers.length > 0
            ? `${table} takes (${b}) instead of (${a}) and is called by ${callers.join(', ')}: deployed callers and new ones cannot both be right. Add a function under another name.`
            : `${table} takes (${b}) instead of (${a}).`,
      },
    ];
  }
  const sameBody = hasSameBody(before, after);
  if (after.body === undefined || sameBody === undefined || sameBody) return [];
  return [
    {
      table,
      column: null,
      kind: 'function_body_changed',
      class: 'safe',
      direction: 'either',
      before: before.body === undefined ? Object.values(before.digests ?? {}).join(' ') : words(before.body),
      after: words(after.body),
      fix: createFunction(after),
      message: `${table} computes differently with the same parameters; \`tipoff schema apply\` replaces it.`,
    },
  ];
}

/** The types of the parameters before and after, where a call that was right may now be wrong; undefined otherwise. */
function narrowedTypes(before: SchemaFunction, after: SchemaFunction): readonly [string, string] | undefined {
  const [a, b] = [before, after].map(typesOf);
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.every((type, i) => b[i] === type || b[i] === 'ANY TYPE') ? undefined : [a.join(', '), b.join(', ')];
}

/** Types of the parameters as the distributed engine declares them. */
function typesOf({ body = '' }: SchemaFunction): string[] | undefined {
  return /^bigquery: \(([^)]*)\)/m
    .exec(body)?.[1]
    ?.split(',')
    .map((parameter) => parameter.trim().split(' ').slice(1).join(' '));
}

/** Undefined where one side does not know; a live function knows the words of its own engine. */
function hasSameBody(before: SchemaFunction, after: SchemaFunction): boolean | undefined {
  if (before.body !== undefined && after.body !== undefined) return words(before.body) === words(after.body);
  const shared = (['duckdb', 'bigquery'] as const).flatMap((engine) => {
    const [a, b] = [before.digests?.[engine], after.digests?.[engine]];
    return a === undefined || b === undefined ? [] : [a === b];
  });
  return shared.length === 0 ? undefined : shared.every((same) => same);
}

function removed(id: string, what: 'view' | 'function', readers: readonly string[], drop: string): FindingDraft {
  const base = {
    table: id,
    column: null,
    kind: what === 'view' ? 'view_removed' : 'function_removed',
    direction: 'code_first',
    before: what,
    after: null,
    fix: both(drop),
  } as const;
  return readers.length > 0
    ? { ...base, class: 'breaking', message: `${id} is gone from the code but still used by ${readers.join(', ')}. Change them first.` }
    : {
        ...base,
        class: 'needs_order',
        message: `${id} is gone from the code. It may stay, or be dropped once the code that used it is gone.`,
      };
}

/** Text without differences of white space. */
function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
