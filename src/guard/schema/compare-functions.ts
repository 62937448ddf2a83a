import type { FindingDraft } from './finding.ts';
import { bodiesOf, digestsOf } from './function-body.ts';
import type { SchemaFunction } from './model.ts';
import { createFunction, NOTHING } from './statements.ts';
import { removed, type TextUse, words } from './text-changes.ts';

/** Differences between the functions of the `fn` library. */
export function compareFunctions(
  before: readonly SchemaFunction[],
  after: readonly SchemaFunction[],
  use: TextUse,
): FindingDraft[] {
  const known = new Map(before.map((each) => [each.name, each]));
  const wanted = new Set(after.map(({ name }) => name));
  return [
    ...after.flatMap((each) => {
      const standing = known.get(each.name);
      return standing === undefined ? [functionAdded(each)] : functionChanged(standing, each, use);
    }),
    ...before
      .filter(({ name }) => !wanted.has(name))
      .map(({ name }) =>
        removed(`fn.${name}`, 'function', use.readersOf(`fn.${name}`), `DROP FUNCTION fn.${name}`),
      ),
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

function functionChanged(before: SchemaFunction, after: SchemaFunction, use: TextUse): FindingDraft[] {
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
  return a.every((type, i) => b[i] === type || b[i] === 'ANY TYPE')
    ? undefined
    : [a.join(', '), b.join(', ')];
}

/** Types of the parameters as the distributed engine declares them. */
function typesOf(each: SchemaFunction): string[] | undefined {
  const list = /^\(([^)]*)\)/.exec(bodiesOf(each)?.bigquery ?? '')?.[1];
  return list?.split(',').map((parameter) => parameter.trim().split(' ').slice(1).join(' '));
}

/** Undefined where one side does not know; a live function knows the words of its own engine. */
function hasSameBody(before: SchemaFunction, after: SchemaFunction): boolean | undefined {
  if (before.body !== undefined && after.body !== undefined) return words(before.body) === words(after.body);
  const [known, wanted] = [digestsOf(before), digestsOf(after)];
  const shared = (['duckdb', 'bigquery'] as const).flatMap((engine) => {
    const [a, b] = [known[engine], wanted[engine]];
    return a === undefined || b === undefined ? [] : [a === b];
  });
  return shared.length === 0 ? undefined : shared.every((same) => same);
}
