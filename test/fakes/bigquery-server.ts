import { gunzipSync } from 'node:zlib';
import { applyDdl } from './bigquery-ddl.ts';
import { type Arrived, type Fault, loopback, type Reply, uploadParts } from './loopback.ts';

/** What a statement ends with. Cells are text or null, as BigQuery sends them. */
interface FakeResult {
  readonly fields?: readonly { name: string; type: string; mode?: string }[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly changed?: number;
  /** Bytes processed, 0 unless said; null leaves the figure out. */
  readonly bytes?: number | null;
  /** Ends the job with this error. */
  readonly error?: { reason: string; message: string };
}

interface FakeJob {
  readonly id: string;
  /** The configuration it was started with. */
  readonly configuration: FakeConfiguration;
  readonly result: FakeResult;
  /** Lines of a load job. */
  readonly lines: readonly unknown[];
}

/** A query as the short way takes it. */
interface FakeQueryRequest extends NonNullable<FakeConfiguration['query']> {
  readonly requestId: string;
  readonly labels?: Record<string, string>;
  readonly jobTimeoutMs?: string;
}

interface FakeConfiguration {
  readonly dryRun?: boolean;
  readonly labels?: Record<string, string>;
  readonly jobTimeoutMs?: string;
  readonly query?: { query: string; queryParameters?: unknown[]; maximumBytesBilled?: string };
  readonly load?: { destinationTable: { datasetId: string; tableId: string }; schema: unknown } & Record<
    string,
    unknown
  >;
}

/**
 * BigQuery's REST protocol without an engine: jobs with states and ids, results by page, tables, views and functions with
 * their metadata. The test says what each statement ends with. Jobs are running when they are started, and done when they are looked at twice.
 */
export interface FakeBigQuery {
  readonly url: string;
  readonly arrived: readonly Arrived[];
  /** Jobs that were started, in order. */
  readonly jobs: readonly FakeJob[];
  /** Tables by `dataset.table`, as they were created. */
  readonly tables: Map<string, Record<string, unknown>>;
  /** Functions of the library by name. */
  readonly routines: Map<string, Record<string, unknown>>;
  /** Decides what the next statements end with. */
  answer(decide: (sql: string, configuration: FakeConfiguration) => FakeResult): void;
  inject(fault: Fault): void;
  close(): Promise<void>;
}

/** A refusal as BigQuery words it. */
export function refusal(status: number, reason: string, message = reason): Reply {
  return {
    status,
    body: {
      error: { code: status, message, errors: [{ reason, message, domain: 'global' }], status: 'REFUSED' },
    },
  };
}

const PAGE_ROWS = 2;

export async function fakeBigQuery(): Promise<FakeBigQuery> {
  const jobs: FakeJob[] = [];
  const looks = new Map<string, number>();
  const tables = new Map<string, Record<string, unknown>>();
  const routines = new Map<string, Record<string, unknown>>();
  const datasets = new Map<string, Record<string, unknown>>();
  let decide: (sql: string, configuration: FakeConfiguration) => FakeResult = () => ({});

  const show = ({ id, result, lines, configuration }: FakeJob, isDone: boolean): Reply => ({
    status: 200,
    body: {
      jobReference: { projectId: 'p', jobId: id, location: 'EU' },
      status: {
        state: isDone ? 'DONE' : 'RUNNING',
        ...(isDone && result.error !== undefined ? { errorResult: result.error } : {}),
      },
      statistics: {
        ...(configuration.load === undefined ? {} : { load: { outputRows: String(lines.length) } }),
        query: {
          ...(result.bytes === null ? {} : { totalBytesProcessed: String(result.bytes ?? 0) }),
          numDmlAffectedRows: String(result.changed ?? 0),
          schema: { fields: result.fields ?? [] },
        },
      },
    },
  });
  const start = (
    id: string | undefined,
    configuration: FakeConfiguration,
    lines: readonly unknown[],
  ): Reply => {
    const result = decide(configuration.query?.query ?? 'LOAD', configuration);
    if (configuration.dryRun === true) {
      return result.error === undefined
        ? show({ id: '', configuration, result, lines }, true)
        : refusal(400, result.error.reason, result.error.message);
    }
    if (id === undefined) return refusal(400, 'invalid', 'the fake wants job ids');
    if (jobs.some((job) => job.id === id)) return refusal(409, 'duplicate', `Already Exists: Job p:EU.${id}`);
    const job: FakeJob = { id, configuration, result, lines };
    jobs.push(job);
    if (result.error === undefined)
      applyDdl(configuration.query?.query ?? '', { tables, routines }, result.fields ?? []);
    return show(job, false);
  };
  const page = (job: FakeJob, query: URLSearchParams): Reply => {
    const { rows = [], fields = [] } = job.result;
    const from = Number(query.get('pageToken') ?? 0);
    const more = from + PAGE_ROWS < rows.length ? { pageToken: String(from + PAGE_ROWS) } : {};
    const part = rows.slice(from, from + PAGE_ROWS).map((cells) => ({ f: cells.map((v) => ({ v })) }));
    const jobReference = { projectId: 'p', jobId: job.id };
    return {
      status: 200,
      body: { jobComplete: true, jobReference, schema: { fields }, rows: part, ...more },
    };
  };
  const onTable = (
    method: string,
    dataset: string,
    name: string,
    body: () => Record<string, unknown>,
  ): Reply => {
    const id = `${dataset}.${name}`;
    const table = tables.get(id);
    if (table === undefined) return refusal(404, 'notFound', `Not found: Table p:${id}`);
    if (method === 'DELETE') tables.delete(id);
    if (method === 'PATCH') tables.set(id, { ...table, ...body() });
    return method === 'DELETE' ? { status: 204 } : { status: 200, body: tables.get(id) ?? {} };
  };

  const server = await loopback((request) => {
    const { method, path, query } = request;
    const json = (): Record<string, unknown> =>
      JSON.parse(request.body.toString() || '{}') as Record<string, unknown>;
    if (path.startsWith('/upload/')) {
      const { metadata, content } = uploadParts(request);
      const { jobReference, configuration } = metadata as {
        jobReference: { jobId: string };
        configuration: FakeConfiguration;
      };
      const text = (content[0] === 0x1f ? gunzipSync(content) : content).toString();
      const lines = text.split('\n').filter((line) => line !== '');
      return start(
        jobReference.jobId,
        configuration,
        lines.map((line) => JSON.parse(line) as unknown),
      );
    }
    const [kind = '', first = '', second = '', third = ''] = path
      .replace('/bigquery/v2/projects/p/', '')
      .split('/');
    if (kind === 'jobs' && method === 'POST') {
      const { jobReference, configuration } = json() as {
        jobReference?: { jobId?: string };
        configuration: FakeConfiguration;
      };
      return start(jobReference?.jobId, configuration, []);
    }
    if (kind === 'queries' && method === 'POST') {
      const { requestId, labels = {}, jobTimeoutMs, ...query } = json() as unknown as FakeQueryRequest;
      const timeout = jobTimeoutMs === undefined ? {} : { jobTimeoutMs };
      const id = `job_${requestId}`;
      // The same request again is the same job, whatever has become of it.
      if (!jobs.some((job) => job.id === id)) start(id, { query, labels, ...timeout }, []);
      return { status: 200, body: { jobComplete: false, jobReference: { projectId: 'p', jobId: id } } };
    }
    if (kind === 'jobs' || kind === 'queries') {
      const job = jobs.find(({ id }) => id === first);
      if (job === undefined) return refusal(404, 'notFound', `Not found: Job ${first}`);
      if (kind === 'queries') {
        const { error, changed = 0 } = job.result;
        if (error !== undefined) return refusal(400, error.reason, error.message);
        const { body } = page(job, query);
        return { status: 200, body: { ...(body as object), numDmlAffectedRows: String(changed) } };
      }
      looks.set(first, (looks.get(first) ?? 0) + 1);
      return show(job, (looks.get(first) ?? 0) > 1);
    }
    if (kind === 'datasets' && second === '') {
      if (method === 'POST') {
        const body = json() as { datasetReference: { datasetId: string } };
        datasets.set(body.datasetReference.datasetId, body);
        return { status: 200, body };
      }
      if (first === '') return { status: 200, body: { datasets: [] } };
      const dataset = datasets.get(first);
      if (dataset === undefined) return refusal(404, 'notFound', `Not found: Dataset p:${first}`);
      if (method === 'PATCH') datasets.set(first, { ...dataset, ...json() });
      return { status: 200, body: datasets.get(first) ?? {} };
    }
    if (kind === 'datasets' && second === 'routines') {
      if (third === '') return { status: 200, body: { routines: [...routines.values()] } };
      const routine = routines.get(third);
      return routine === undefined
        ? refusal(404, 'notFound', `Not found: Routine p:${first}.${third}`)
        : { status: 200, body: routine };
    }
    if (kind === 'datasets' && second === 'tables') {
      if (third !== '') return onTable(method, first, third, json);
      if (method === 'GET')
        return { status: 200, body: { tables: [...tables.values()].filter((t) => belongsTo(t, first)) } };
      const body = json() as { tableReference: { tableId: string } };
      const id = `${first}.${body.tableReference.tableId}`;
      if (tables.has(id)) return refusal(409, 'duplicate', `Already Exists: Table p:${id}`);
      tables.set(id, { ...body, type: 'TABLE', creationTime: '1736521200000', numRows: '0' });
      return { status: 200, body: tables.get(id) ?? {} };
    }
    return refusal(404, 'notFound', `the fake does not know ${method} ${path}`);
  });
  return {
    ...server,
    jobs,
    tables,
    routines,
    answer: (next) => {
      decide = next;
    },
  };
}

function belongsTo(table: Record<string, unknown>, dataset: string): boolean {
  return (table['tableReference'] as { datasetId?: string } | undefined)?.datasetId === dataset;
}
