import { createServer } from 'node:net';
import type { Schema } from '#guard/schema/model.ts';
import { FUNCTIONS } from '#platform/sql/port.ts';

/** The used part of the analyser's package, which contains a server and its client. */
export interface ZetaSqlPackage {
  runServer(port: number): Promise<never>;
  terminateServer(): void;
  readonly ZetaSQLClient: { init(port: number): void; getInstance(): ZetaSqlClient };
  readonly LanguageOptions: new () => { enableMaximumLanguageFeatures(): Promise<{ serialize(): object }> };
}

interface ZetaSqlClient {
  testConnection(): Promise<boolean>;
  registerCatalog(request: object): Promise<{ readonly registeredId: unknown }>;
  analyze(request: object): Promise<Analysed>;
}

/** The part of an analysed query that describes its output. */
interface Analysed {
  readonly resolvedStatement?: {
    readonly resolvedQueryStmtNode?: {
      readonly outputColumnList: readonly {
        readonly name: string;
        readonly column: { readonly type: { readonly typeKind: string } };
      }[];
    };
  };
}

export interface Analyser {
  /** The analyser's objection to a statement; undefined when it accepts it. */
  problemOf(sql: string): Promise<string | undefined>;
  close(): void;
}

/** Return types of the library's functions; ANY is the type of the arguments. */
const RETURNS: Readonly<Record<string, string>> = {
  days_between: 'INT64',
  add_days: 'DATE',
  local_date: 'DATE',
  eastern_instant: 'TIMESTAMP',
  eastern_date: 'DATE',
  seconds_between: 'FLOAT64',
  add_seconds: 'TIMESTAMP',
  epoch_day: 'INT64',
  decimal_text: 'STRING',
  dow: 'INT64',
  safe_div: 'FLOAT64',
  greatest2: 'ANY',
  least2: 'ANY',
  clamp: 'ANY',
  text_hash: 'INT64',
  row_hash: 'INT64',
};

/** Starts the analyser with a schema as its catalogue. Throws when it does not respond. */
export async function openAnalyser(zetaSql: ZetaSqlPackage, schema: Schema): Promise<Analyser> {
  const port = await freePort();
  // The promise of a running server never settles.
  void zetaSql.runServer(port);
  zetaSql.ZetaSQLClient.init(port);
  const client = zetaSql.ZetaSQLClient.getInstance();
  if (!(await client.testConnection())) {
    zetaSql.terminateServer();
    throw new Error('expected the analyser to answer, saw nothing: does its program run on this machine?');
  }
  const features = (await new zetaSql.LanguageOptions().enableMaximumLanguageFeatures()).serialize();
  const languageOptions = {
    ...features,
    productMode: 'PRODUCT_EXTERNAL',
    supportedStatementKinds: STATEMENTS,
    reservedKeywords: ['QUALIFY'],
  };
  const shared = {
    languageOptions,
    allowUndeclaredParameters: true,
    parameterMode: 'PARAMETER_NAMED',
    errorMessageMode: 'ERROR_MESSAGE_ONE_LINE',
  };
  const register = async (tables: readonly TypedTable[]): Promise<unknown> =>
    (await client.registerCatalog({ simpleCatalog: catalogueOf(tables, languageOptions) })).registeredId;
  const analyse = (sql: string, catalogue: unknown, types: Types): Promise<Analysed> => {
    const queryParameters = Object.entries(types).map(([name, type]) => ({ name, type }));
    const options = { ...shared, queryParameters };
    return client.analyze({
      options,
      registeredCatalogId: catalogue,
      sqlStatement: sql,
      target: 'sqlStatement',
    });
  };
  const tables: TypedTable[] = schema.tables.map(({ id, columns }) => ({
    id,
    columns: columns.map(({ name, type }) => ({ name, type: typeOf(type) })),
  }));
  for (const { id, sql = '' } of schema.views) {
    const { resolvedStatement } = await analyse(sql, await register(tables), {});
    const columns = resolvedStatement?.resolvedQueryStmtNode?.outputColumnList ?? [];
    tables.push({
      id,
      columns: columns.map(({ name, column: { type } }) => ({ name, type: { typeKind: type.typeKind } })),
    });
  }
  const catalogue = await register(tables);
  return {
    problemOf: async (sql) => {
      let first: string | undefined;
      for (const types of typings(sql)) {
        try {
          await analyse(sql, catalogue, types);
          return undefined;
        } catch (error) {
          first ??= error instanceof Error ? error.message : String(error);
        }
      }
      return first;
    },
    close: () => zetaSql.terminateServer(),
  };
}

const STATEMENTS = [
  'RESOLVED_QUERY_STMT',
  'RESOLVED_INSERT_STMT',
  'RESOLVED_UPDATE_STMT',
  'RESOLVED_DELETE_STMT',
  'RESOLVED_MERGE_STMT',
];

interface TypedTable {
  readonly id: string;
  readonly columns: readonly { readonly name: string; readonly type: object }[];
}

type Types = Readonly<Record<string, object>>;

/**
 * Parameter typings to try for a statement: as the analyser infers them; all text except lists; then each in
 * turn a number, a flag or inferred while the others are text. A statement is valid when it is valid for one
 * of them; binding the right types is up to the calling code.
 */
function* typings(sql: string): Generator<Types> {
  yield {};
  const names = [
    ...new Set(
      [...sql.matchAll(/(\bUNNEST\(\s*)?@(\w+)/g)].flatMap(([, list, name = '']) =>
        list === undefined ? [name] : [],
      ),
    ),
  ];
  const text = Object.fromEntries(names.map((name) => [name.toLowerCase(), typeOf('STRING')]));
  yield text;
  for (const name of Object.keys(text)) {
    for (const type of ['INT64', 'FLOAT64', 'BOOL']) yield { ...text, [name]: typeOf(type) };
    const { [name]: _inferred, ...others } = text;
    yield others;
  }
}

function catalogueOf(all: readonly TypedTable[], languageOptions: object): object {
  const datasets = [...new Set(all.map(({ id }) => id.split('.')[0] ?? ''))];
  return {
    name: 'tipoff',
    builtinFunctionOptions: { languageOptions },
    catalog: [
      ...datasets.map((dataset) => ({
        name: dataset,
        table: all
          .filter(({ id }) => id.startsWith(`${dataset}.`))
          .map(({ id, columns }, at) => ({
            name: id.split('.')[1],
            serializationId: at + 1,
            column: columns.map((column) => ({ ...column, isWritableColumn: true })),
          })),
      })),
      { name: 'fn', customFunction: FUNCTIONS.map(functionOf) },
    ],
  };
}

function typeOf(type: string): object {
  return { typeKind: type === 'FLOAT64' ? 'TYPE_DOUBLE' : `TYPE_${type}` };
}

function functionOf({ name, bigquery }: (typeof FUNCTIONS)[number]): object {
  const parameters = (/^\(([^)]*)\)/.exec(bigquery)?.[1] ?? '')
    .split(',')
    .map((text) => text.trim().split(' ').slice(1).join(' '));
  const returns = RETURNS[name];
  if (returns === undefined)
    throw new Error(`expected the type that fn.${name} returns in RETURNS, saw none`);
  return {
    namePath: [name],
    group: 'tipoff',
    mode: 'SCALAR',
    signature: [{ argument: parameters.map((type) => argumentOf(type)), returnType: argumentOf(returns) }],
  };
}

function argumentOf(type: string): object {
  const isAny = type === 'ANY' || type === 'ANY TYPE';
  return {
    ...(isAny ? { kind: 'ARG_TYPE_ANY_1' } : { kind: 'ARG_TYPE_FIXED', type: typeOf(type) }),
    numOccurrences: 1,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
