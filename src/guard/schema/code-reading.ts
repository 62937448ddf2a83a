import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import type { SqlEngine } from '#platform/sql/port.ts';
import { tableOf } from './code-schema.ts';
import { compare, type Usage } from './compare.ts';
import type { SchemaFinding } from './finding.ts';
import { byText, type Schema, withEarlier } from './model.ts';
import type { SqlText } from './sql-catalogue.ts';
import { type ReadStatement, StatementReader } from './statement-reader.ts';

/** Who uses what, with the statements that do. */
export interface CodeUsage extends Usage {
  /** Statements that read or write a table, or one column of it when `column` is not null. */
  users(table: string, column: string | null): readonly SqlText[];
}

export interface CodeInput {
  readonly statements: readonly SqlText[];
  /** What the code wants. */
  readonly wanted: Schema;
  /** What the code is compared with: a warehouse, earlier versions. Needed to find readers of dropped names. */
  readonly earlier: readonly Schema[];
  /** Opens an empty engine. */
  readonly openEngine: () => Promise<SqlEngine>;
  /** Whether names that DuckDB accepts but BigQuery refuses count as problems; true when absent. */
  readonly strictly?: boolean;
}

/** The code as the engine reads it. The caller must close it. */
export interface CodeReading {
  /** Every statement, bound against the schema the code wants. */
  readonly statements: readonly ReadStatement[];
  /**
   * Runs a judgement on the usage it asks for. Each answer costs engine time, so only questions that are asked
   * are looked up: the judgement is repeated until it asks nothing new, and must be a pure function of the usage.
   */
  judge<T>(judgement: (usage: CodeUsage) => T): Promise<T>;
  close(): void;
}

type Answer = readonly ReadStatement[];

/** Reads every statement of the code and answers who uses what, names of earlier schemas included. */
export async function readCode({
  statements,
  wanted,
  earlier,
  openEngine,
  strictly = true,
}: CodeInput): Promise<CodeReading> {
  const all = withEarlier(wanted, earlier);
  const now = await StatementReader.open(await openEngine(), withStaging(wanted), statements);
  const wantedNames = namesIn(wanted);
  const opened = [now];
  const reader = async (): Promise<StatementReader> => {
    if (namesIn(all).size === wantedNames.size) return now;
    const [, known] = opened;
    const wider = known ?? (await StatementReader.open(await openEngine(), withStaging(all), statements));
    opened[1] = wider;
    return wider;
  };
  const answers = new Map<string, Answer>();
  const writers = writersIn(all);
  return {
    statements: strictly ? await now.strictly() : now.statements,
    judge: async (judgement) => {
      for (;;) {
        const asked = new Map<string, () => Promise<Answer>>();
        const ask = (question: string, find: () => Promise<Answer>): Answer => {
          if (!answers.has(question)) asked.set(question, find);
          return answers.get(question) ?? [];
        };
        // A reader of `*` does not miss a column that the code no longer wants.
        const byName = (id: string): boolean => !wantedNames.has(id);
        const usersOf = (id: string): Answer => ask(`users ${id}`, async () => (await reader()).users(id));
        const result = judgement({
          readers: (table, column) =>
            ownersOf(
              ask(`readers ${table}.${column}`, async () =>
                (await reader()).columnReaders(table, column, byName(`${table}.${column}`)),
              ),
            ),
          readersOf: (id) => ownersOf(usersOf(id)),
          users: (table, column) =>
            (column === null
              ? usersOf(table)
              : ask(`users ${table}.${column}`, async () =>
                  (await reader()).columnUsers(table, column, byName(`${table}.${column}`)),
                )
            ).map(({ text }) => text),
          writers: (table, column) => writers.get(column === null ? table : `${table}.${column}`) ?? [],
        });
        if (asked.size === 0) return result;
        for (const [question, find] of asked) answers.set(question, await find());
      }
    },
    close: () => {
      for (const each of opened) each.close();
    },
  };
}

/** `compare` that takes readers from the given statements. */
export function compareWithReaders({
  statements,
  openEngine,
}: Pick<CodeInput, 'statements' | 'openEngine'>): (
  before: Schema,
  after: Schema,
) => Promise<SchemaFinding[]> {
  return async (before, after) => {
    const reading = await readCode({ statements, wanted: after, earlier: [before], openEngine });
    return reading.judge((usage) => compare(before, after, usage)).finally(() => reading.close());
  };
}

/** A schema plus the shape of staging tables, which come and go and are not part of it. */
export function withStaging(schema: Schema): Schema {
  return { ...schema, tables: [...schema.tables, tableOf(stagedPredictions)] };
}

function ownersOf(statements: Answer): string[] {
  return [...new Set(statements.map(({ text }) => text.owner))].sort(byText);
}

function namesIn({ tables, views, functions = [] }: Schema): ReadonlySet<string> {
  return new Set([
    ...[...tables, ...views].map(({ id }) => id),
    ...tables.flatMap(({ id, columns }) => columns.map(({ name }) => `${id}.${name}`)),
    ...views.flatMap(({ id, columns }) => columns.map((name) => `${id}.${name}`)),
    ...functions.map(({ name }) => `fn.${name}`),
  ]);
}

/** The writers of each column and each table of a schema, by its contracts. */
function writersIn({ tables }: Schema): Map<string, readonly string[]> {
  return new Map(
    tables.flatMap(({ id, columns }) => [
      [id, [...new Set(columns.flatMap(({ writer }) => writer ?? []))].sort(byText)] as const,
      ...columns.map(({ name, writer }) => [`${id}.${name}`, writer === undefined ? [] : [writer]] as const),
    ]),
  );
}
