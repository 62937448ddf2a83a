import { textDigest } from '#platform/sql/port.ts';
import { type Change, findingBy, type Parts, type RuleName } from './change-rules.ts';
import { type FindingDraft, findingId, type SchemaFinding } from './finding.ts';
import { bodiesOf, digestsOf } from './fixes.ts';
import {
  byText,
  type Schema,
  type SchemaColumn,
  type SchemaFunction,
  type SchemaTable,
  type SchemaView,
} from './model.ts';
import { pairRenames } from './renames.ts';
import { changedForm, isWidening } from './type-changes.ts';

/** Who writes and who reads what, from the contracts and the statements of the code. */
export interface Usage {
  readers(table: string, column: string): readonly string[];
  /** Readers of a table, a view or a function (`fn.name`). */
  readersOf(table: string): readonly string[];
  writers(table: string, column: string | null): readonly string[];
}

/** No known writers or readers. */
export const NO_USAGE: Usage = { writers: () => [], readers: () => [], readersOf: () => [] };

/**
 * Every difference between a schema (`before`: the live warehouse, or the contracts at an earlier revision) and
 * the one the code wants (`after`), each with its class, which side must go first, its writers and readers, and
 * the statements that fix it. Properties that one side does not know are not compared. Sorted by table and column.
 */
export function compare(before: Schema, after: Schema, usage: Usage = NO_USAGE): SchemaFinding[] {
  const drafts: FindingDraft[] = [
    ...pairs(before.tables, after.tables, ({ id }) => id).flatMap((pair) => tableChanges(pair, usage)),
    ...pairs(before.views, after.views, ({ id }) => id).flatMap((pair) => viewChanges(pair, usage)),
    ...(before.functions === undefined || after.functions === undefined
      ? []
      : pairs(before.functions, after.functions, ({ name }) => name).flatMap((pair) =>
          functionChanges(pair, usage),
        )),
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

/** One thing before and after; absent on the side that does not have it. */
interface Pair<T> {
  readonly before?: T;
  readonly after?: T;
}

function pairs<T>(before: readonly T[], after: readonly T[], nameOf: (each: T) => string): Pair<T>[] {
  const known = new Map(before.map((each) => [nameOf(each), each]));
  const wanted = new Set(after.map(nameOf));
  return [
    ...after.map((each): Pair<T> => {
      const same = known.get(nameOf(each));
      return same === undefined ? { after: each } : { before: same, after: each };
    }),
    ...before.filter((each) => !wanted.has(nameOf(each))).map((each): Pair<T> => ({ before: each })),
  ];
}

const whole = (
  table: string,
  before: string | null,
  after: string | null,
  readers: readonly string[] = [],
): Change => ({ table, column: null, before, after, readers });

function tableChanges({ before, after }: Pair<SchemaTable>, usage: Usage): FindingDraft[] {
  if (before === undefined)
    return after === undefined
      ? []
      : [findingBy('tableAdded', whole(after.id, null, 'table'), { wanted: after })];
  if (after === undefined) {
    const readers = usage.readersOf(before.id);
    const rule = readers.length > 0 ? 'readTableRemoved' : 'tableRemoved';
    return [findingBy(rule, whole(before.id, 'table', null, readers))];
  }
  return [...columnChanges(before, after, usage), ...layoutChanges(before, after, usage)];
}

/** Every difference between the columns of one table. Nested fields are named by their path. */
function columnChanges(before: SchemaTable, after: SchemaTable, usage: Usage): FindingDraft[] {
  const all = pairs(before.columns, after.columns, ({ name }) => name);
  const added = all.flatMap((pair) => (pair.before === undefined && pair.after ? [pair.after] : []));
  const removed = all.flatMap((pair) => (pair.after === undefined && pair.before ? [pair.before] : []));
  const kept = all.flatMap((pair) => (pair.before && pair.after ? [pair.after] : []));
  const renames = pairRenames(removed, added, kept);
  const isRenamed = (column: SchemaColumn): boolean => renames.some((pair) => pair.includes(column));
  const orders = [before, after].map(({ columns }) => columns.map(({ name }) => name).join(', '));
  return [
    ...renames.map(([from, to]) =>
      findingBy(
        'columnRenamed',
        { table: after.id, column: from.name, before: from.name, after: to.name, readers: [] },
        { to },
      ),
    ),
    ...added.filter((column) => !isRenamed(column)).map((column) => columnAdded(after.id, column, '')),
    ...removed.filter((column) => !isRenamed(column)).map((column) => columnRemoved(before, column, usage)),
    ...all.flatMap((pair) =>
      pair.before && pair.after ? columnChanged(after.id, pair.before, pair.after, '', usage) : [],
    ),
    ...(added.length + removed.length === 0 && orders[0] !== orders[1]
      ? [findingBy('orderChanged', whole(after.id, orders[0] ?? '', orders[1] ?? ''))]
      : []),
  ];
}

function columnAdded(table: string, column: SchemaColumn, path: string): FindingDraft {
  const isRequired = column.mode === 'REQUIRED';
  const rule =
    path === ''
      ? isRequired
        ? 'requiredColumnAdded'
        : 'columnAdded'
      : isRequired
        ? 'requiredFieldAdded'
        : 'fieldAdded';
  const change = { table, column: `${path}${column.name}`, before: null, after: shape(column), readers: [] };
  return findingBy(rule, change, { to: column });
}

function columnRemoved(table: SchemaTable, column: SchemaColumn, usage: Usage): FindingDraft {
  const readers = usage.readers(table.id, column.name);
  const isLaidOut = column.name === table.partition || table.cluster?.includes(column.name) === true;
  const rule =
    readers.length > 0
      ? 'readColumnRemoved'
      : isLaidOut
        ? 'layoutColumnRemoved'
        : column.mode === 'REQUIRED'
          ? 'requiredColumnRemoved'
          : 'columnRemoved';
  return findingBy(rule, {
    table: table.id,
    column: column.name,
    before: shape(column),
    after: null,
    readers,
  });
}

/**
 * A nested field that the code no longer wants. It cannot be dropped in place, but may stay if nothing requires a value.
 */
function fieldRemoved(table: string, field: SchemaColumn, path: string, usage: Usage): FindingDraft {
  const column = `${path}${field.name}`;
  const readers = [
    ...new Set([...usage.readers(table, column), ...usage.readers(table, column.split('.')[0] ?? column)]),
  ];
  const rule =
    readers.length > 0
      ? 'readFieldRemoved'
      : field.mode === 'REQUIRED'
        ? 'requiredFieldRemoved'
        : 'fieldRemoved';
  return findingBy(rule, { table, column, before: shape(field), after: null, readers });
}

function shape({ type, mode }: SchemaColumn): string {
  return `${type} ${mode}`;
}

function columnChanged(
  table: string,
  before: SchemaColumn,
  after: SchemaColumn,
  path: string,
  usage: Usage,
): FindingDraft[] {
  const column = `${path}${after.name}`;
  const found: FindingDraft[] = [];
  /** Adds a finding when a property that both sides know has changed. */
  const changed = <T>(
    from: T | undefined,
    to: T | undefined,
    text: (value: T) => string | null,
    rule: RuleName | (() => RuleName),
    parts: Parts = {},
    readers: readonly string[] = [],
  ): void => {
    if (from === undefined || to === undefined || text(from) === text(to)) return;
    const name = typeof rule === 'string' ? rule : rule();
    found.push(findingBy(name, { table, column, before: text(from), after: text(to), readers }, parts));
  };
  const plain = (value: string | number | null): string | null => (value === null ? null : String(value));
  if (before.type !== after.type) {
    const readers = usage.readers(table, column);
    const form = changedForm(before.type, after.type);
    const rule: RuleName = !isWidening(before.type, after.type)
      ? 'typeChanged'
      : form !== undefined && readers.length > 0
        ? 'typeWidenedForReaders'
        : 'typeWidened';
    changed(
      before.type,
      after.type,
      plain,
      rule,
      form === undefined ? { to: after } : { to: after, form },
      readers,
    );
  }
  changed(before.mode, after.mode, plain, () =>
    before.mode === 'REPEATED' || after.mode === 'REPEATED'
      ? 'repeatedChanged'
      : after.mode === 'NULLABLE'
        ? 'modeRelaxed'
        : 'modeTightened',
  );
  changed(before.default, after.default, plain, () =>
    after.mode !== 'REQUIRED'
      ? 'defaultChanged'
      : after.default === null
        ? 'requiredLosesDefault'
        : before.default === null
          ? 'requiredGainsDefault'
          : 'defaultChanged',
  );
  changed(before.description, after.description, plain, 'descriptionChanged');
  changed(before.writer, after.writer, plain, 'writerChanged');
  changed(before.decimals, after.decimals, plain, 'decimalsChanged');
  changed(
    before.range,
    after.range,
    (range) => (range === null ? null : `from ${range[0]} to ${range[1]}`),
    'rangeChanged',
  );
  if (before.fields === undefined || after.fields === undefined) return found;
  const nested = pairs(before.fields, after.fields, ({ name }) => name).flatMap((field) => {
    if (field.after === undefined)
      return field.before ? [fieldRemoved(table, field.before, `${column}.`, usage)] : [];
    return field.before === undefined
      ? [columnAdded(table, field.after, `${column}.`)]
      : columnChanged(table, field.before, field.after, `${column}.`, usage);
  });
  return [...found, ...nested];
}

/** Differences in the layout of a table. Properties that one side does not know are skipped. */
function layoutChanges(before: SchemaTable, after: SchemaTable, usage: Usage): FindingDraft[] {
  const found: FindingDraft[] = [];
  const changed = <T>(
    from: T | undefined,
    to: T | undefined,
    text: (value: T) => string | null,
    rule: (from: T, to: T) => RuleName,
    readers: readonly string[] = [],
  ): void => {
    if (from === undefined || to === undefined || text(from) === text(to)) return;
    const change = whole(after.id, text(from), text(to), readers);
    found.push(findingBy(rule(from, to), change, { wanted: after }));
  };
  changed(
    before.partition,
    after.partition,
    (column) => column,
    () => 'partitionChanged',
  );
  changed(before.partitionFilterRequired, after.partitionFilterRequired, String, (_, isRequired) =>
    isRequired ? 'partitionFilterDemanded' : 'partitionFilterLifted',
  );
  changed(
    before.cluster,
    after.cluster,
    (columns) => columns.join(', '),
    () => 'clusterChanged',
  );
  changed(
    before.retentionDays,
    after.retentionDays,
    (days) => (days === null ? 'forever' : `${days} days`),
    (from, to) =>
      to !== null && (from === null || to < from) ? 'retentionShortened' : 'retentionLengthened',
  );
  const readers = before.key === undefined || after.key === undefined ? [] : usage.readersOf(after.id);
  changed(
    before.key,
    after.key,
    (columns) => [...columns].sort().join(', '),
    (from, to) => {
      const isFiner = from.every((name) => to.includes(name));
      return !isFiner ? 'keyChanged' : readers.length > 0 ? 'readKeyFiner' : 'keyFiner';
    },
    readers,
  );
  changed(
    before.description,
    after.description,
    (text) => text,
    () => 'descriptionChanged',
  );
  return found;
}

/** A view's columns decide whether its readers work; its text alone changes only what they read. */
function viewChanges({ before, after }: Pair<SchemaView>, usage: Usage): FindingDraft[] {
  if (before === undefined)
    return after === undefined
      ? []
      : [findingBy('viewAdded', whole(after.id, null, 'view'), { view: after })];
  if (after === undefined) {
    const readers = usage.readersOf(before.id);
    const rule = readers.length > 0 ? 'readViewRemoved' : 'viewRemoved';
    return [findingBy(rule, whole(before.id, 'view', null, readers))];
  }
  const lost = before.columns.filter((name) => !after.columns.includes(name));
  const gained = after.columns.filter((name) => !before.columns.includes(name));
  if (lost.length + gained.length > 0) {
    const readers = [...new Set(lost.flatMap((name) => usage.readers(after.id, name)))];
    const rule =
      readers.length > 0
        ? 'viewLosesForReaders'
        : gained.length === 0
          ? 'viewLoses'
          : lost.length === 0
            ? 'viewGains'
            : 'viewLosesAndGains';
    const change = whole(after.id, lost.join(', ') || null, gained.join(', ') || null, readers);
    return [findingBy(rule, change, { view: after })];
  }
  const isSame = isEqual(
    [before.sql, after.sql].map((sql) => (sql === undefined ? undefined : normalised(sql))),
    [before, after].map(({ sql, digest }) => digest ?? (sql === undefined ? undefined : textDigest(sql))),
  );
  if (after.sql === undefined || isSame !== false) return [];
  const text = before.sql === undefined ? (before.digest ?? null) : normalised(before.sql);
  return [findingBy('viewTextChanged', whole(after.id, text, normalised(after.sql)), { view: after })];
}

function functionChanges({ before, after }: Pair<SchemaFunction>, usage: Usage): FindingDraft[] {
  const id = `fn.${(after ?? before)?.name}`;
  if (before === undefined)
    return after === undefined
      ? []
      : [findingBy('functionAdded', whole(id, null, 'function'), { function: after })];
  if (after === undefined) {
    const callers = usage.readersOf(id);
    const rule = callers.length > 0 ? 'calledFunctionRemoved' : 'functionRemoved';
    return [findingBy(rule, whole(id, 'function', null, callers))];
  }
  const types = narrowedTypes(before, after);
  if (before.parameters.length !== after.parameters.length || types !== undefined) {
    const callers = usage.readersOf(id);
    const [a, b] = types ?? [before.parameters.join(', '), after.parameters.join(', ')];
    const rule = callers.length > 0 ? 'calledSignatureChanged' : 'signatureChanged';
    return [findingBy(rule, whole(id, a, b, callers), { function: after })];
  }
  const [known, wanted] = [digestsOf(before), digestsOf(after)];
  const isSame = isEqual(
    [before.body, after.body].map((body) => (body === undefined ? undefined : normalised(body))),
    [known.duckdb, wanted.duckdb],
    [known.bigquery, wanted.bigquery],
  );
  if (after.body === undefined || isSame !== false) return [];
  const text =
    before.body === undefined ? Object.values(before.digests ?? {}).join(' ') : normalised(before.body);
  return [findingBy('bodyChanged', whole(id, text, normalised(after.body)), { function: after })];
}

/**
 * Whether two sides are equal, by the first text that both know, or by all digests where the texts are
 * unknown. Undefined when they share neither.
 */
function isEqual(
  texts: readonly (string | undefined)[],
  ...digests: readonly (readonly (string | undefined)[])[]
): boolean | undefined {
  const [a, b] = texts;
  if (a !== undefined && b !== undefined) return a === b;
  const shared = digests.filter(([from, to]) => from !== undefined && to !== undefined);
  return shared.length === 0 ? undefined : shared.every(([from, to]) => from === to);
}

/** The parameter types before and after, where a call that was valid may now fail; undefined otherwise. */
function narrowedTypes(before: SchemaFunction, after: SchemaFunction): readonly [string, string] | undefined {
  const [a, b] = [before, after].map(typesOf);
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.every((type, i) => b[i] === type || b[i] === 'ANY TYPE')
    ? undefined
    : [a.join(', '), b.join(', ')];
}

/** Parameter types as BigQuery declares them. */
function typesOf(each: SchemaFunction): string[] | undefined {
  const list = /^\(([^)]*)\)/.exec(bodiesOf(each)?.bigquery ?? '')?.[1];
  return list?.split(',').map((parameter) => parameter.trim().split(' ').slice(1).join(' '));
}

/** The text with white space normalised. */
function normalised(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
