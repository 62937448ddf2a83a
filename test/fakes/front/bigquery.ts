import { gunzipSync } from 'node:zlib';
import type { Bounds } from '#guard/schema/partition-filter.ts';
import { boundsOf } from '#guard/schema/partition-filter.ts';
import type { Account } from '#scripts/provision/installation.ts';
import { applyDdl } from '#test/fakes/bigquery-ddl.ts';
import { refusal } from '#test/fakes/bigquery-server.ts';
import { type Arrived, type Reply, uploadParts } from '#test/fakes/loopback.ts';
import type { Limits, Usage } from './limits.ts';
import type { Provisioned } from './provisioned.ts';
import { billedReads, deletedRanges, refusedShape, touchedBy } from './statement.ts';

/** What the front of BigQuery works with. */
export interface BigQueryFrontDeps {
  readonly emulator: string;
  readonly made: Provisioned;
  readonly limits: Limits;
  readonly usage: Usage;
  readonly now: () => number;
}

type Field = { readonly name: string; readonly type: string; readonly mode?: string };

/** Why rows of one schema are not loaded into a table of another; undefined when they are. */
function mismatchOf(loaded: readonly Field[], live: readonly Field[] | undefined): string | undefined {
  if (live === undefined) return undefined;
  const modeOf = ({ mode = 'NULLABLE' }: Field): string => mode;
  for (const field of loaded) {
    const { name, type } = field;
    const there = live.find((one) => one.name === name);
    if (there === undefined) return `Cannot add fields (field: ${name})`;
    if (there.type !== type) return `Field ${name} has changed type from ${there.type} to ${type}`;
    if (modeOf(there) !== modeOf(field))
      return `Field ${name} has changed mode from ${modeOf(there)} to ${modeOf(field)}`;
  }
  const lacking = live.find(
    (field) => modeOf(field) === 'REQUIRED' && !loaded.some(({ name }) => name === field.name),
  );
  return lacking === undefined ? undefined : `Field ${lacking.name} is missing in new schema`;
}

/** The configuration of a job, as far as the front reads it. */
interface Configuration {
  readonly dryRun?: boolean;
  readonly query?: { query: string };
  readonly load?: {
    readonly destinationTable: { readonly datasetId: string; readonly tableId: string };
    readonly schema?: { readonly fields: readonly Field[] };
  };
}

type Table = Record<string, unknown> & {
  readonly schema?: { readonly fields: readonly Field[] };
  readonly timePartitioning?: { readonly field?: string };
  readonly requirePartitionFilter?: boolean;
};

export interface BigQueryFront {
  /** Answers one request of an account, by the emulator when the real service would let it through. */
  answer(account: Account, request: Arrived): Promise<Reply>;
  /** The tables that a text is billed for, each as often as a statement of it names it; views give their tables. */
  billed(sql: string): string[];
  /** Rows of tables now, asked of the emulator by one query. */
  rowsOf(tables: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** The emulator ends a connection that rests for some seconds, at times just when the next request is on its way. */
const FRESH = { connection: 'close' };

/** What a request is, in the words of the interface, and what it is about. */
export function bigQueryCall({ method, path, body }: Arrived): { call: string; about: string } {
  const [kind = '', first = '', second = '', third = ''] = path
    .replace(/^.*?\/projects\/[^/]+\//, '')
    .split('/');
  if (path.startsWith('/upload/')) {
    const table = /"datasetId":"(\w+)","tableId":"(\w+)"/.exec(body.toString('latin1'));
    return { call: 'load', about: `${table?.[1]}.${table?.[2]}` };
  }
  if ((kind === 'jobs' || kind === 'queries') && method === 'POST') {
    const text = body.toString();
    const sql = (JSON.parse(text) as { query?: string; configuration?: Configuration }) ?? {};
    const about = sql.query ?? sql.configuration?.query?.query ?? '';
    const isDry = text.includes('"dryRun":true');
    return { call: isDry ? 'dry run' : /^\s*DECLARE/.test(about) ? 'script' : 'query', about };
  }
  if (kind === 'jobs') return { call: 'job', about: first };
  if (kind === 'queries') return { call: 'results', about: first };
  const verb = method === 'POST' ? 'create' : method === 'GET' ? 'get' : method.toLowerCase();
  return { call: `${second || kind}.${verb}`, about: [first, third].filter((one) => one !== '').join('.') };
}

/**
 * BigQuery as it is documented, in front of an emulator that accepts more: permissions by dataset, locations, quotas,
 * statements that its analyser refuses, metadata that the emulator forgets. It also hands the emulator what it can read:
 * plain uploads, typed arguments of functions, and the text of `fn.row_hash` in its place.
 */
export function bigQueryFront(deps: BigQueryFrontDeps): BigQueryFront {
  const { emulator, made, limits, usage, now } = deps;
  const tables = new Map<string, Record<string, unknown>>();
  const routines = new Map<string, Record<string, unknown>>();
  const views = new Map<string, string>();
  const tableOf = (id: string): Table | undefined => tables.get(id);
  const bounds = (): Bounds =>
    boundsOf({
      tables: [...tables].map(([id, table]) => {
        const { timePartitioning, requirePartitionFilter } = table as Table;
        const partition = timePartitioning?.field ?? null;
        return { id, partition, partitionFilterRequired: requirePartitionFilter === true };
      }) as never,
      views: [...views].map(([id, sql]) => ({ id, sql })) as never,
    });
  const denied = (what: string): Reply => refusal(403, 'accessDenied', `Access Denied: ${what}`);
  const lacking = (account: Account, permission: string, dataset: string, name = ''): Reply | undefined => {
    if (!made.datasets.includes(dataset))
      return refusal(404, 'notFound', `Not found: Dataset ${made.project}:${dataset}`);
    if (made.may(account, permission, `dataset ${dataset}`)) return undefined;
    const what =
      name === '' ? `Dataset ${made.project}:${dataset}` : `Table ${made.project}:${dataset}.${name}`;
    return denied(`${what}: Permission ${permission} denied on ${what.toLowerCase()} (or it may not exist).`);
  };
  /** Views are read with the rights of who asks. */
  const withBases = (ids: Iterable<string>): Set<string> => {
    const all = new Set<string>();
    const open = [...ids];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (all.has(id)) continue;
      all.add(id);
      const text = views.get(id);
      if (text !== undefined) open.push(...touchedBy(text, made.datasets).reads);
    }
    return all;
  };
  const judgeStatement = (account: Account, sql: string): Reply | undefined => {
    if (sql.length > limits.statementCharacters)
      return refusal(
        400,
        'invalidQuery',
        'The query is too large. The maximum standard SQL query length is 1024.00K characters.',
      );
    const { reads, changes, creates, drops } = touchedBy(sql, made.datasets);
    const asked: (readonly [string, Iterable<string>])[] = [
      ['bigquery.tables.getData', [...withBases(reads)].filter((id) => !id.startsWith('fn.'))],
      ['bigquery.routines.get', [...reads].filter((id) => id.startsWith('fn.'))],
      ['bigquery.tables.updateData', changes],
      ['bigquery.tables.delete', drops],
      ['bigquery.tables.create', [...creates].filter((id) => !id.startsWith('fn.'))],
      ['bigquery.routines.create', [...creates].filter((id) => id.startsWith('fn.'))],
    ];
    for (const [permission, ids] of asked) {
      for (const id of ids) {
        const [dataset = '', name = ''] = id.split('.');
        const refused = lacking(account, permission, dataset, name);
        if (refused !== undefined) return refused;
      }
    }
    const shape = refusedShape(sql, bounds());
    if (shape !== undefined) return refusal(400, 'invalidQuery', shape);
    return undefined;
  };
  /** Why a script changes too many partitions. A range wider than the limit is looked at: most of its days may be empty. */
  const judgePartitions = async (sql: string): Promise<Reply | undefined> => {
    for (const { table, where, days } of deletedRanges(sql)) {
      const column = tableOf(table)?.timePartitioning?.field;
      if (days <= limits.partitionsPerJob || column === undefined) continue;
      const [counted] = await askRows(
        `SELECT COUNT(DISTINCT CAST(${column} AS DATE)) AS n FROM ${table} WHERE ${where}`,
      );
      const partitions = Number(counted?.[0]);
      if (partitions > limits.partitionsPerJob)
        return refusal(
          400,
          'invalidQuery',
          `Too many partitions produced by query, allowed ${limits.partitionsPerJob}, query produces at least ${partitions} partitions`,
        );
    }
    return undefined;
  };
  /** What a statement of the front's own gives. */
  const askRows = async (query: string): Promise<unknown[][]> => {
    const headers = { ...FRESH, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, useLegacySql: false });
    const answer = await fetch(`${emulator}/bigquery/v2/projects/${made.project}/queries`, {
      method: 'POST',
      headers,
      body,
    });
    if (!answer.ok) throw new Error(`the emulator did not answer ${query}: ${await answer.text()}`);
    const { rows = [] } = (await answer.json()) as { rows?: { f: { v: unknown }[] }[] };
    return rows.map(({ f }) => f.map(({ v }) => v));
  };
  const judgeLoad = (account: Account, load: NonNullable<Configuration['load']>): Reply | undefined => {
    const { datasetId, tableId } = load.destinationTable;
    const id = `${datasetId}.${tableId}`;
    const refused = lacking(account, 'bigquery.tables.updateData', datasetId, tableId);
    if (refused !== undefined) return refused;
    const day = Math.floor(now() / 86_400_000);
    if (!usage.use(`loads of ${id} on ${day}`, limits.loadJobsPerTable))
      return refusal(
        403,
        'quotaExceeded',
        'Quota exceeded: Your table exceeded quota for imports or query appends per table.',
      );
    const why = mismatchOf(load.schema?.fields ?? [], tableOf(id)?.schema?.fields);
    return why === undefined
      ? undefined
      : refusal(400, 'invalid', `Provided Schema does not match Table ${made.project}:${id}. ${why}`);
  };
  /** What the emulator can read of a statement. */
  const translated = (sql: string): string =>
    /^CREATE OR REPLACE FUNCTION fn\.row_hash/.test(sql)
      ? 'SELECT 1'
      : sql
          .replaceAll('ANY TYPE', 'FLOAT64')
          // The emulator casts to three decimals, where BigQuery has nine.
          .replaceAll(/\bAS NUMERIC\)/g, 'AS NUMERIC(38, 9))')
          .replace(/\bfn\.row_hash\((\w+)\)/g, 'MOD(FARM_FINGERPRINT(TO_JSON_STRING($1)), 4503599627370496)');
  const remember = async (account: Account, sql: string): Promise<void> => {
    const view = /^CREATE OR REPLACE VIEW (\w+)\.(\w+) (?:OPTIONS \(.*?\) )?AS ([\s\S]*)$/.exec(sql);
    let fields: readonly Field[] = [];
    if (view !== null) {
      const [, dataset = '', name = '', text = ''] = view;
      views.set(`${dataset}.${name}`, text);
      const shown = await forward({
        method: 'GET',
        path: `/bigquery/v2/projects/${made.project}/datasets/${dataset}/tables/${name}`,
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.alloc(0),
      });
      fields = (JSON.parse(String(shown.body)) as Table).schema?.fields ?? [];
    }
    void account;
    applyDdl(sql, { tables, routines }, fields as { name: string; type: string }[]);
  };
  const forward = async (request: Arrived, body: Buffer = request.body, type?: string): Promise<Reply> => {
    const { method, path, query, headers } = request;
    const text = query.toString();
    const answer = await fetch(`${emulator}${encodeURI(path)}${text === '' ? '' : `?${text}`}`, {
      method,
      headers: { ...FRESH, 'content-type': type ?? headers['content-type'] ?? 'application/json' },
      ...(method === 'GET' || method === 'DELETE' ? {} : { body: new Uint8Array(body) }),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    const contentType = answer.headers.get('content-type') ?? 'application/json';
    return { status: answer.status, headers: { 'content-type': contentType }, body: content };
  };
  const startLoad = async (account: Account, request: Arrived): Promise<Reply> => {
    const { metadata, content } = uploadParts(request);
    const { configuration } = metadata as { configuration: Configuration };
    const refused = configuration.load === undefined ? undefined : judgeLoad(account, configuration.load);
    if (refused !== undefined) return refused;
    const plain = content[0] === 0x1f ? gunzipSync(content) : content;
    const part = (type: string, body: Buffer | string): Buffer =>
      Buffer.concat([
        Buffer.from(`--front\r\ncontent-type: ${type}\r\n\r\n`),
        Buffer.from(body),
        Buffer.from('\r\n'),
      ]);
    const parts = [
      part('application/json', JSON.stringify(metadata)),
      part('application/octet-stream', plain),
    ];
    const body = Buffer.concat([...parts, Buffer.from('--front--\r\n')]);
    return forward(request, body, 'multipart/related; boundary=front');
  };
  const startQuery = async (account: Account, request: Arrived): Promise<Reply> => {
    if (request.body.length > limits.requestBytes)
      return refusal(
        413,
        'uploadTooLarge',
        `Request payload size exceeds the limit: ${limits.requestBytes} bytes.`,
      );
    const json = JSON.parse(request.body.toString()) as Record<string, unknown> & {
      query?: string;
      location?: string;
      dryRun?: boolean;
      jobReference?: { location?: string };
      configuration?: Configuration;
    };
    const location = json.location ?? json.jobReference?.location ?? 'US';
    const sql = json.query ?? json.configuration?.query?.query ?? '';
    const isDry = json.dryRun === true || json.configuration?.dryRun === true;
    const { reads, changes } = touchedBy(sql, made.datasets);
    const [dataset] = [...reads, ...changes].map((id) => id.split('.')[0]);
    if (dataset !== undefined && location !== made.location)
      return refusal(
        404,
        'notFound',
        `Not found: Dataset ${made.project}:${dataset} was not found in location ${location}`,
      );
    const refused = judgeStatement(account, sql) ?? (await judgePartitions(sql));
    if (refused !== undefined) return refused;
    const altered = /^ALTER TABLE (\w+\.\w+)/.exec(sql)?.[1];
    if (
      altered !== undefined &&
      !usage.useWithin(`updates of ${altered}`, limits.tableUpdatesPer10Seconds, now(), 10_000)
    )
      return refusal(
        403,
        'rateLimitExceeded',
        'Exceeded rate limits: too many table update operations for this table.',
      );
    const held = isDry ? [] : [...changes].map((id) => `dml of ${id}`);
    const isFree = held.map((name) => usage.use(name, limits.dmlPerTable));
    try {
      if (isFree.includes(false))
        return refusal(
          400,
          'resourcesExceeded',
          'Resources exceeded during query execution: Too many DML statements outstanding against table.',
        );
      const query = translated(sql);
      const adapted =
        json.query === undefined
          ? {
              ...json,
              configuration: { ...json.configuration, query: { ...json.configuration?.query, query } },
            }
          : { ...json, query };
      const reply = await forward(request, Buffer.from(JSON.stringify(adapted)));
      const failed = (JSON.parse(String(reply.body)) as { status?: { errorResult?: unknown } }).status
        ?.errorResult;
      if (reply.status === 200 && !isDry && (failed === undefined || failed === null))
        await remember(account, sql);
      return reply;
    } finally {
      for (const name of held) usage.release(name);
    }
  };
  const onDataset = async (account: Account, request: Arrived, dataset: string): Promise<Reply> => {
    if (request.method === 'POST')
      return denied(
        `Project ${made.project}: User does not have bigquery.datasets.create permission in project ${made.project}.`,
      );
    if (dataset === '') return forward(request);
    return (
      lacking(
        account,
        request.method === 'GET' ? 'bigquery.datasets.get' : 'bigquery.datasets.update',
        dataset,
      ) ?? forward(request)
    );
  };
  const onTable = async (
    account: Account,
    request: Arrived,
    dataset: string,
    name: string,
  ): Promise<Reply> => {
    const permission = {
      GET: 'bigquery.tables.getData',
      POST: 'bigquery.tables.create',
      PATCH: 'bigquery.tables.update',
      DELETE: 'bigquery.tables.delete',
    }[request.method];
    const refused = lacking(account, permission ?? '', dataset, name);
    if (refused !== undefined) return refused;
    const reply = await forward(request);
    if (reply.status >= 300) return reply;
    if (request.method === 'POST') {
      const body = JSON.parse(request.body.toString()) as Table & { tableReference: { tableId: string } };
      tables.set(`${dataset}.${body.tableReference.tableId}`, { ...body, type: 'TABLE' });
    }
    const id = `${dataset}.${name}`;
    if (request.method === 'DELETE') tables.delete(id);
    const kept = tables.get(id);
    if (request.method !== 'GET' || kept === undefined) return reply;
    return { status: 200, body: { ...(JSON.parse(String(reply.body)) as object), ...kept } };
  };

  const answer = async (account: Account, request: Arrived): Promise<Reply> => {
    const { path, method, headers } = request;
    if (headers.authorization === undefined)
      return refusal(401, 'required', 'Request is missing required authentication credential.');
    const [, project = '', rest = ''] = /\/bigquery\/v2\/projects\/([^/]+)\/(.*)$/.exec(path) ?? [];
    if (project !== made.project)
      return denied(
        `Project ${project}: User does not have bigquery.jobs.create permission in project ${project}.`,
      );
    const [kind = '', first = '', second = '', third = ''] = rest.split('/');
    if (kind === 'jobs' || kind === 'queries') {
      if (method === 'GET') return forward(request);
      if (!made.may(account, 'bigquery.jobs.create'))
        return denied(
          `Project ${project}: User does not have bigquery.jobs.create permission in project ${project}.`,
        );
      return path.startsWith('/upload/') ? startLoad(account, request) : startQuery(account, request);
    }
    if (second === '') return onDataset(account, request, first);
    if (second === 'routines') {
      const refused = lacking(account, 'bigquery.routines.get', first, third);
      if (refused !== undefined) return refused;
      if (third === '') return { status: 200, body: { routines: [...routines.values()] } };
      const routine = routines.get(third);
      return routine === undefined
        ? refusal(404, 'notFound', `Not found: Routine ${project}:${first}.${third}`)
        : { status: 200, body: routine };
    }
    return onTable(account, request, first, third);
  };
  return {
    answer,
    billed: (sql) =>
      billedReads(sql, made.datasets).flatMap((tables) =>
        [...withBases(tables)].filter((id) => !views.has(id)),
      ),
    rowsOf: async (ids) => {
      const counts = ids.map((id) => `SELECT '${id}' AS id, COUNT(*) AS n FROM ${id}`);
      const rows = counts.length === 0 ? [] : await askRows(counts.join(' UNION ALL '));
      return new Map(rows.map(([id, n]) => [String(id), Number(n)]));
    },
  };
}
