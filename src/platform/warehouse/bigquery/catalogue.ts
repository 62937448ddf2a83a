import { type Column, DATASETS, type Dataset, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import { bigqueryAlterations as alterations, bigqueryString } from '#platform/warehouse/ddl.ts';
import { bigqueryFunctions, textDigest } from '#platform/warehouse/functions.ts';
import type {
  FunctionInfo,
  LiveColumn,
  TableChange,
  TableInfo,
  TableOptions,
  TableRef,
} from '#platform/warehouse/port.ts';
import { bigQueryError, type Call, isNotFound, isOutcomeUnknown, openBudget, tryWithin } from './client.ts';
import type { Jobs } from './jobs.ts';
import {
  portableType,
  routineSchema,
  routinesSchema,
  TEXT_LABEL,
  tableResource,
  tableSchema,
  tablesSchema,
  toColumn,
  toFunction,
  toInfo,
} from './resources.ts';

/** Datasets, tables, views and functions. */
export interface Catalogue {
  createTable(table: TableContract, as: TableRef, options: TableOptions): Promise<void>;
  addColumn(table: TableRef, name: string, column: Pick<Column, 'type' | 'description'>): Promise<boolean>;
  alterTable(table: TableRef, change: TableChange): Promise<void>;
  createView(view: TableRef, sql: string): Promise<void>;
  dropTable(table: TableRef): Promise<boolean>;
  listTables(dataset: Dataset, prefix: string): Promise<TableInfo[]>;
  replaceFunctions(): Promise<void>;
  listFunctions(): Promise<FunctionInfo[]>;
  describe(table: TableRef): Promise<LiveColumn[] | undefined>;
  shapesOf(tables: readonly TableRef[]): Promise<ReadonlyMap<string, readonly LiveColumn[]>>;
  prepare(tables: readonly TableContract[]): Promise<void>;
  ping(): Promise<void>;
}

export interface CatalogueOptions {
  readonly clock: Clock;
  readonly projectId: string;
  readonly location: string;
  readonly retries?: number;
  /** Statements that create the `fn` library; for emulators that do not know all of it. */
  readonly functions?: readonly string[];
}

const FUNCTIONS = 'fn';
const LIBRARY_DESCRIPTION = 'the portable function library';
const SIDE_BY_SIDE = 8;

export function openCatalogue(call: Call, jobs: Jobs, options: CatalogueOptions): Catalogue {
  const { clock, projectId, location, retries = 5, functions = bigqueryFunctions() } = options;
  /** The answer of a request, or undefined when the named thing does not exist. */
  const found = async (method: 'GET' | 'DELETE', path: string, query = {}): Promise<unknown> => {
    const budget = openBudget(clock, retries);
    const answer = await tryWithin(budget, () => call(method, path, { query }));
    if ('body' in answer) return answer.body ?? {};
    if (isNotFound(answer.refusal)) {
      // A deletion whose answer was lost has happened when the thing is gone on the second try.
      return method === 'DELETE' && answer.before.some(isOutcomeUnknown) ? {} : undefined;
    }
    throw bigQueryError(answer.refusal, { attempts: budget.attempt, cause: answer.cause });
  };
  const tableOf = async ({ dataset, name }: TableRef) => {
    const body = await found('GET', `/datasets/${dataset}/tables/${name}`);
    return body === undefined ? undefined : tableSchema.parse(body);
  };
  const namesIn = async (dataset: string): Promise<string[]> => {
    const names: string[] = [];
    let pageToken: string | undefined;
    do {
      const body = await found('GET', `/datasets/${dataset}/tables`, {
        maxResults: 1000,
        ...omitUndefined({ pageToken }),
      });
      if (body === undefined) return [];
      const page = tablesSchema.parse(body);
      for (const { tableReference } of page.tables) names.push(tableReference.tableId);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && pageToken !== '');
    return names.toSorted();
  };
  const functionNames = async (): Promise<string[]> => {
    const names: string[] = [];
    let pageToken: string | undefined;
    do {
      const body = await found('GET', `/datasets/${FUNCTIONS}/routines`, {
        maxResults: 1000,
        ...omitUndefined({ pageToken }),
      });
      if (body === undefined) return [];
      const page = routinesSchema.parse(body);
      for (const { routineReference } of page.routines) names.push(routineReference.routineId);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && pageToken !== '');
    return names.toSorted();
  };
  const describe = async (ref: TableRef): Promise<LiveColumn[] | undefined> =>
    (await tableOf(ref))?.schema?.fields.map(toColumn);
  /** Creates a table; false when there is one. After a lost answer, the one that is there is ours. */
  const insertTable = async (table: TableContract, as: TableRef, options: TableOptions): Promise<boolean> => {
    const json = tableResource(projectId, table, as, options);
    const budget = openBudget(clock, retries);
    const answer = await tryWithin(budget, () => call('POST', `/datasets/${as.dataset}/tables`, { json }));
    if ('body' in answer) return true;
    if (answer.refusal.status === 409) return answer.before.some(isOutcomeUnknown);
    throw bigQueryError(answer.refusal, { attempts: budget.attempt, cause: answer.cause });
  };
  const createDataset = async (dataset: string, description: string): Promise<void> => {
    if ((await found('GET', `/datasets/${dataset}`)) !== undefined) return;
    const budget = openBudget(clock, retries);
    const json = { datasetReference: { projectId, datasetId: dataset }, location, description };
    const answer = await tryWithin(budget, () => call('POST', '/datasets', { json }));
    if ('body' in answer || answer.refusal.status === 409) return;
    throw bigQueryError(answer.refusal, { attempts: budget.attempt, cause: answer.cause });
  };
  const listFunctions = async (): Promise<FunctionInfo[]> => {
    const infos = await sideBySide(await functionNames(), (name) =>
      found('GET', `/datasets/${FUNCTIONS}/routines/${name}`),
    );
    return infos.map((body) => toFunction(routineSchema.parse(body)));
  };
  const makeFunctions = async (statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await jobs.statement(statement);
  };
  /** Creates missing functions, and again those whose text has changed. */
  const createFunctions = async (): Promise<void> => {
    const live = new Map((await listFunctions()).map(({ name, text }) => [name, text]));
    await makeFunctions(
      functions.filter((statement) => {
        const [, name = '', definition = ''] = /\bfn\.(\w+)(.*)$/s.exec(statement) ?? [];
        return live.get(name) !== textDigest(definition);
      }),
    );
  };

  return {
    createTable: async (table, as, options) => {
      if (await insertTable(table, as, options)) return;
      throw new TipoffError('TIPOFF_SQL', `${tableId(as)} exists already`, {
        hint: 'Drop it first, or choose another name.',
      });
    },
    addColumn: async (table, name, { type, description }) => {
      const live = await tableOf(table);
      const existing = live?.schema?.fields.find((field) => field.name === name);
      if (existing !== undefined) {
        const seen = portableType(existing.type);
        if (seen === type) return false;
        throw otherType(table, name, type, seen);
      }
      // A statement, not a new schema: two that add columns at one time would undo each other's.
      await jobs.statement(
        `ALTER TABLE ${tableId(table)} ADD COLUMN IF NOT EXISTS ${name} ${type} OPTIONS (description = ${bigqueryString(description)})`,
      );
      return true;
    },
    alterTable: async (table, change) => {
      for (const statement of alterations(table, change)) await jobs.statement(statement);
    },
    createView: async (view, sql) => {
      const labels = `labels = [('${TEXT_LABEL}', '${textDigest(sql)}')]`;
      await jobs.statement(`CREATE OR REPLACE VIEW ${tableId(view)} OPTIONS (${labels}) AS ${sql}`);
    },
    dropTable: async ({ dataset, name }) =>
      (await found('DELETE', `/datasets/${dataset}/tables/${name}`)) !== undefined,
    listTables: async (dataset, prefix) => {
      const names = (await namesIn(dataset)).filter((name) => name.startsWith(prefix));
      return (await sideBySide(names, (name) => tableOf({ dataset, name }))).map((table) =>
        toInfo(dataset, table),
      );
    },
    replaceFunctions: async () => {
      await createDataset(FUNCTIONS, LIBRARY_DESCRIPTION);
      await makeFunctions(functions);
    },
    listFunctions,
    describe,
    shapesOf: async (tables) => {
      const described = await sideBySide(tables, async (ref) => {
        const columns = await describe(ref);
        const shape = columns?.map(({ description: _description, ...column }) => column);
        return shape === undefined ? undefined : ([tableId(ref), shape] as const);
      });
      return new Map(described);
    },
    prepare: async (tables) => {
      for (const [dataset, description] of Object.entries(DATASETS))
        await createDataset(dataset, description);
      await createDataset(FUNCTIONS, LIBRARY_DESCRIPTION);
      await createFunctions();
      const there = new Map<string, ReadonlySet<string>>();
      for (const table of tables) {
        const names = there.get(table.dataset) ?? new Set(await namesIn(table.dataset));
        there.set(table.dataset, names);
        if (!names.has(table.name)) await insertTable(table, table, {});
      }
    },
    ping: async () => {
      await found('GET', '/datasets', { maxResults: 1 });
    },
  };
}

function otherType(table: TableRef, name: string, expected: string, seen: string): TipoffError {
  return new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${tableId(table)}.${name}: expected to add ${expected}, the table has it as ${seen}`,
    {
      hint: 'A column keeps its type: add one under another name, or rebuild the table.',
      details: { table: tableId(table), field: name, expected, seen },
    },
  );
}

/** Asks about things a few at a time, in their order. What is gone since they were listed is left out. */
async function sideBySide<Thing, T>(
  things: readonly Thing[],
  ask: (thing: Thing) => Promise<T | undefined>,
): Promise<T[]> {
  const found: T[] = [];
  for (let at = 0; at < things.length; at += SIDE_BY_SIDE) {
    const part = await Promise.all(things.slice(at, at + SIDE_BY_SIDE).map(ask));
    for (const one of part) if (one !== undefined) found.push(one);
  }
  return found;
}
