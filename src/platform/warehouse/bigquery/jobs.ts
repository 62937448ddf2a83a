import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import type { RetryBudget } from '#platform/retry.ts';
import { type SqlToken, tokenise } from '#platform/warehouse/lint/vocabulary.ts';
import type { SqlParams, SqlValue } from '#platform/warehouse/port.ts';
import {
  answered,
  bigQueryError,
  type Call,
  isOutcomeUnknown,
  isRetriable,
  jobRefusal,
  openBudget,
  refusalOf,
  tryWithin,
} from './client.ts';
import {
  type fieldsSchema,
  type Job,
  jobSchema,
  type RawResult,
  type ResultPage,
  resultPageSchema,
} from './resources.ts';

/** A query parameter as the REST interface takes it. */
interface QueryParameter {
  readonly name: string;
  readonly parameterType: { readonly type: string; readonly arrayType?: { readonly type: string } };
  readonly parameterValue: {
    readonly value?: string;
    readonly arrayValues?: readonly { readonly value: string }[];
  };
}

/** A statement with the parameters it names. */
interface BoundStatement {
  readonly query: string;
  readonly queryParameters: readonly QueryParameter[];
}

/**
 * Binds the parameters a statement names. Null and the empty list have no type of their own, and a BigQuery parameter must
 * have one: they become the literals NULL and []. TIPOFF_BAD_INPUT for a parameter that is named and not given.
 */
function bind(sql: string, params: SqlParams): BoundStatement {
  const used = new Map<string, QueryParameter>();
  const query = withParameters(sql, params, (name, value) => {
    if (value === null || (isList(value) && value.length === 0)) return literal(value);
    used.set(name, isList(value) ? listParameter(name, value) : scalarParameter(name, value));
    return `@${name}`;
  });
  return { query, queryParameters: [...used.values()] };
}

/** A statement with its parameters written as literals, for scripts: not every server passes parameters to their statements. */
export function inlineParams(sql: string, params: SqlParams): string {
  return withParameters(sql, params, (_, value) => literal(value));
}

function withParameters(
  sql: string,
  params: SqlParams,
  write: (name: string, value: SqlValue) => string,
): string {
  const text = (token: SqlToken): string => {
    if (token.kind !== 'parameter') return token.text;
    const name = token.text.slice(1);
    const value = params[name];
    if (value === undefined) {
      throw new TipoffError('TIPOFF_BAD_INPUT', `the statement names @${name}, which was not given`, {
        hint: 'Pass every parameter; null is a value.',
        details: { parameter: name },
      });
    }
    return write(name, value);
  };
  return tokenise(sql).map(text).join('');
}

function isList(value: SqlValue): value is readonly string[] | readonly number[] {
  return typeof value === 'object' && value !== null;
}

function scalarParameter(name: string, value: string | number | boolean): QueryParameter {
  return { name, parameterType: { type: typeOf([value]) }, parameterValue: { value: String(value) } };
}

function listParameter(name: string, list: readonly (string | number)[]): QueryParameter {
  const kinds = new Set(list.map((item) => typeof item));
  if (kinds.size > 1) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `@${name} is a list of strings and numbers; expected one kind`,
      {
        hint: 'Pass a list of strings, or a list of numbers.',
        details: { parameter: name },
      },
    );
  }
  const parameterType = { type: 'ARRAY', arrayType: { type: typeOf(list) } };
  return {
    name,
    parameterType,
    parameterValue: { arrayValues: list.map((item) => ({ value: String(item) })) },
  };
}

/** Whole numbers are INT64, as the embedded engine binds them. */
function typeOf(values: readonly (string | number | boolean)[]): string {
  if (values.every((value) => typeof value === 'boolean')) return 'BOOL';
  if (values.every((value) => typeof value === 'number'))
    return values.every(Number.isSafeInteger) ? 'INT64' : 'FLOAT64';
  return 'STRING';
}

function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (isList(value)) return `[${[...value].map(literal).join(', ')}]`;
  return typeof value === 'string' ? textLiteral(value) : String(value);
}

/** A text between single quotes; what could end it or hide in it is escaped. */
function textLiteral(text: string): string {
  const escaped = text.replace(
    /[\\'"`]|\p{Cc}/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${escaped}'`;
}

export interface JobOptions {
  readonly clock: Clock;
  readonly location: string;
  /** Retries over all requests and jobs of one operation; 5 unless given. */
  readonly retries?: number;
  /** A query that would bill more is refused before it starts. */
  readonly maximumBytesBilled?: number;
  /** Put on every job, for the bill. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Time a job may take; 10 minutes unless given. */
  readonly jobTimeoutMs?: number;
  /** Rewrites statements for emulators that do not support everything; identity when absent. */
  readonly spelled?: (sql: string) => string;
}

/** Runs jobs to completion. One operation has one retry budget, however many requests it takes. */
export interface Jobs {
  /** Runs a statement or script and returns how many rows it changed. */
  statement(sql: string, params?: SqlParams): Promise<number>;
  /** Runs a statement or script within a time limit and returns every row of its (last) result. */
  read(sql: string, params?: SqlParams, maxSeconds?: number): Promise<RawResult>;
  /** Loads newline-delimited JSON; the configuration is that of a load job. */
  load(configuration: object, content: Buffer): Promise<Job>;
  /** The bytes a statement would read and the columns it would return, without running it. Free of charge. */
  dryRun(
    sql: string,
    params?: SqlParams,
  ): Promise<{ bytes: number; fields: z.infer<typeof fieldsSchema>['fields'] }>;
}

const PAGE_ROWS = 50_000;
/** How long BigQuery may keep a request for the end of a query. */
const WAIT_MS = 10_000;
const FIRST_POLL_MS = 100;
const MAX_POLL_MS = 2000;

export function openJobs(call: Call, options: JobOptions): Jobs {
  const { clock, location, retries = 5, labels = {}, maximumBytesBilled, jobTimeoutMs = 600_000 } = options;
  const { spelled = (sql: string) => sql } = options;
  const queryConfiguration = (sql: string, params: SqlParams) => ({
    query: {
      ...bind(spelled(sql), params),
      useLegacySql: false,
      parameterMode: 'NAMED',
      ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
    },
    labels,
    jobTimeoutMs: String(jobTimeoutMs),
  });

  /** Starts a job under an id of ours. When a retry after a lost answer finds that the job exists, it is ours. */
  const insert = async (
    budget: RetryBudget,
    jobId: string,
    send: () => Promise<unknown>,
    about: string | undefined,
  ): Promise<Job> => {
    const answer = await tryWithin(budget, send);
    if ('body' in answer) return jobSchema.parse(answer.body);
    if (answer.refusal.status === 409 && answer.before.length > 0) return get(budget, jobId);
    throw bigQueryError(answer.refusal, {
      attempts: budget.attempt,
      cause: answer.cause,
      ...omitUndefined({ statement: about }),
    });
  };
  const get = async (budget: RetryBudget, jobId: string): Promise<Job> =>
    jobSchema.parse(await answered(budget, () => call('GET', `/jobs/${jobId}`, { query: { location } })));

  const run = async (
    send: (jobId: string) => Promise<unknown>,
    budget: RetryBudget,
    about?: string,
  ): Promise<Job> => {
    for (;;) {
      const jobId = `tipoff_${randomUUID()}`;
      let job = await insert(budget, jobId, () => send(jobId), about);
      for (
        let pause = FIRST_POLL_MS;
        job.status.state !== 'DONE';
        pause = Math.min(pause * 1.5, MAX_POLL_MS)
      ) {
        await clock.sleep(pause);
        job = await get(budget, jobId);
      }
      const { errorResult } = job.status;
      if (errorResult === undefined || errorResult === null) return job;
      // A failed job has changed nothing, so the statement may be run in a new one.
      const refusal = jobRefusal(errorResult);
      if (isRetriable(refusal) && (await budget.next(refusal))) continue;
      throw bigQueryError(refusal, {
        attempts: budget.attempt,
        ...omitUndefined({ statement: about }),
      });
    }
  };
  /**
   * One page of a query's result, when it has ended. BigQuery keeps the request waiting a while for that, so that most
   * statements are one request from start to result.
   */
  const ended = async (body: unknown): Promise<ResultPage> => {
    let page = resultPageSchema.parse(body);
    for (let pause = FIRST_POLL_MS; !page.jobComplete; pause = Math.min(pause * 1.5, MAX_POLL_MS)) {
      await clock.sleep(pause);
      page = await nextPage(page, {});
    }
    if (page.errors.length > 0) await demandSuccess(page);
    return page;
  };
  /** Only the job itself tells a warning from its end. */
  const demandSuccess = async ({ jobReference }: ResultPage): Promise<void> => {
    const path = `/jobs/${jobReference?.jobId}`;
    const { errorResult } = jobSchema.parse(await call('GET', path, { query: { location } })).status;
    if (errorResult === undefined || errorResult === null) return;
    const { reason, message } = jobRefusal(errorResult);
    throw Object.assign(new Error(message), { code: 400, errors: [{ reason }] });
  };
  const nextPage = async (
    { jobReference }: Pick<ResultPage, 'jobReference'>,
    more: Readonly<Record<string, string>>,
  ): Promise<ResultPage> => {
    const query = {
      ...{ location, maxResults: PAGE_ROWS, timeoutMs: WAIT_MS, 'formatOptions.useInt64Timestamp': true },
      ...more,
    };
    return resultPageSchema.parse(await call('GET', `/queries/${jobReference?.jobId}`, { query }));
  };
  const runQuery = async (
    sql: string,
    params: SqlParams,
    budget: RetryBudget,
    maxSeconds?: number,
  ): Promise<ResultPage> => {
    const { query, labels: own, jobTimeoutMs: usual } = queryConfiguration(sql, params);
    const limit = maxSeconds === undefined ? usual : String(maxSeconds * 1000);
    // The same id again gives what the first request began; a statement that has failed is run anew under another.
    let requestId: string = randomUUID();
    const answer = await tryWithin(budget, async () => {
      const json = {
        ...{ ...query, labels: own, jobTimeoutMs: limit, location, requestId },
        ...{ timeoutMs: WAIT_MS, maxResults: PAGE_ROWS, formatOptions: { useInt64Timestamp: true } },
      };
      try {
        return await ended(await call('POST', '/queries', { json }));
      } catch (error) {
        if (!isOutcomeUnknown(refusalOf(error))) requestId = randomUUID();
        throw error;
      }
    });
    if ('body' in answer) return answer.body;
    throw bigQueryError(answer.refusal, { attempts: budget.attempt, statement: sql, cause: answer.cause });
  };

  return {
    statement: async (sql, params = {}) => {
      const { numDmlAffectedRows } = await runQuery(sql, params, openBudget(clock, retries));
      return Number(numDmlAffectedRows ?? 0);
    },
    read: async (sql, params = {}, maxSeconds) => {
      const budget = openBudget(clock, retries);
      let page = await runQuery(sql, params, budget, maxSeconds);
      const fields = page.schema?.fields ?? [];
      const { jobReference } = page;
      const rows = rowsOf(page);
      while (page.pageToken !== undefined && page.pageToken !== '') {
        const { pageToken } = page;
        page = resultPageSchema.parse(
          await answered(budget, () => nextPage({ jobReference }, { pageToken })),
        );
        for (const row of rowsOf(page)) rows.push(row);
      }
      return { fields, rows };
    },
    load: (configuration, content) =>
      run(
        (jobId) =>
          call('POST', 'upload:/jobs', {
            query: { uploadType: 'multipart' },
            parts: [
              {
                'Content-Type': 'application/json',
                body: JSON.stringify({
                  jobReference: { jobId, location },
                  configuration: { load: configuration, labels },
                }),
              },
              { 'Content-Type': 'application/octet-stream', body: content },
            ],
          }),
        openBudget(clock, retries),
      ),
    dryRun: async (sql, params = {}) => {
      const budget = openBudget(clock, retries);
      const configuration = { ...queryConfiguration(sql, params), dryRun: true };
      const answer = await tryWithin(budget, () =>
        call('POST', '/jobs', { json: { jobReference: { location }, configuration } }),
      );
      if ('refusal' in answer)
        throw bigQueryError(answer.refusal, {
          statement: sql,
          attempts: budget.attempt,
          cause: answer.cause,
        });
      const job = dryRunSchema.parse(answer.body);
      if (job.status?.errorResult !== undefined && job.status.errorResult !== null)
        throw bigQueryError(jobRefusal(job.status.errorResult), { statement: sql });
      const { query, totalBytesProcessed } = job.statistics ?? {};
      const bytes = query?.totalBytesProcessed ?? totalBytesProcessed;
      if (bytes === undefined) throw noFigure(sql);
      return { bytes: Number(bytes), fields: query?.schema?.fields ?? [] };
    },
  };
}

/** A dry run makes no job, so there is no reference to read. */
const dryRunSchema = jobSchema.partial();

function rowsOf({ rows }: ResultPage): unknown[][] {
  return rows.map(({ f }) => f.map(({ v }) => v));
}

/** An answer without the figure is not 0 bytes. */
function noFigure(sql: string): TipoffError {
  return new TipoffError(
    'TIPOFF_SQL',
    'BigQuery answered a dry run without saying how many bytes the statement reads',
    {
      hint: 'Run it again; a statement whose bytes nobody knows is not run under a budget.',
      details: { statement: sql.slice(0, 400) },
    },
  );
}
