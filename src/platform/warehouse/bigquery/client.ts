import { PassThrough } from 'node:stream';
import { BigQuery } from '@google-cloud/bigquery';
import { OAuth2Client } from 'google-auth-library';

export interface BigQueryClientOptions {
  readonly projectId: string;
  /** Where datasets lie and jobs run, for example `US`. */
  readonly location: string;
  /** Base address of an emulator or fake, spoken to without real credentials. */
  readonly endpoint?: string;
}

/** One part of an upload. */
export interface Part {
  readonly 'Content-Type': string;
  readonly body: string | Buffer;
}

/** The library takes text, or a stream, which is used up by sending. */
function sendable({ body, ...part }: Part): { 'Content-Type': string; body: string | PassThrough } {
  return { ...part, body: typeof body === 'string' ? body : new PassThrough().end(body) };
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly json?: object;
  readonly parts?: readonly Part[];
}

/** One request of BigQuery's REST interface, signed and sent by the client library, without retries of its own. */
export type Call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options?: CallOptions) => Promise<unknown>;

/** Calls through the client library. Paths are relative to the project; `upload:` paths go to the upload address. */
export function openBigQueryClient({ projectId, location, endpoint }: BigQueryClientOptions): Call {
  const client = new BigQuery({
    projectId,
    location,
    // The adapter retries itself, by reason and with a budget.
    retryOptions: { autoRetry: false },
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint, authClient: anonymous() }),
  });
  return (method, path, { query = {}, json, parts } = {}) => {
    const uri = path.startsWith('upload:')
      ? `${client.apiEndpoint}/upload/bigquery/v2/projects/${projectId}${path.slice('upload:'.length)}`
      : path;
    return new Promise((resolve, reject) => {
      client.request(
        {
          method,
          uri,
          qs: { ...query },
          ...(json === undefined ? {} : { json }),
          ...(parts === undefined ? {} : { multipart: parts.map(sendable) }),
        },
        (error: Error | null, body?: unknown) => {
          if (error === null) resolve(body);
          else reject(error);
        },
      );
    });
  };
}

/** Credentials that say nothing: without any, the library searches the machine, and fails. */
function anonymous(): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: 'anonymous', expiry_date: Number.MAX_SAFE_INTEGER });
  return client;
}
