import { randomBytes, randomUUID } from 'node:crypto';
import { type Logger, pino } from 'pino';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';

export type { Logger } from 'pino';

/** What ties the lines of one request together, from the caller over the coordinator to the workers. */
export interface Trace {
  /** The caller's own name for the request, or a new one; it goes back in X-Request-Id. */
  readonly requestId: string;
  /** 32 hex digits, as traceparent and Cloud Trace have them. */
  readonly traceId: string;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,100}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const CLOUD_TRACE = /^([0-9a-f]{32})(?:\/|;|$)/i;
/** A trace id of zeros says that there is none. */
const NO_TRACE = '0'.repeat(32);

/** Reads X-Request-Id, traceparent and X-Cloud-Trace-Context; what is absent, or is none, is made anew. */
export function traceOf(header: (name: string) => string | undefined): Trace {
  const requestId = header('x-request-id');
  const given =
    TRACEPARENT.exec(header('traceparent') ?? '')?.[1] ??
    CLOUD_TRACE.exec(header('x-cloud-trace-context') ?? '')?.[1];
  const isTrace = given !== undefined && given !== NO_TRACE;
  return {
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceId: isTrace ? given.toLowerCase() : randomBytes(16).toString('hex'),
  };
}

/** Names under which a secret could reach the log; their values never do, at any of the depths the services log at. */
const SECRET_NAMES = [
  'authorization',
  'x-api-key',
  'apiKey',
  'api_key',
  'key',
  'token',
  'password',
  'secret',
  'cookie',
];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) =>
  ['', '*.', '*.*.'].map((depth) =>
    name.includes('-') ? `${depth.slice(0, -1)}["${name}"]` : `${depth}${name}`,
  ),
);

/** Names of levels as Cloud Logging knows them. */
const SEVERITIES: Readonly<Record<string, string>> = { warn: 'WARNING', fatal: 'CRITICAL' };

/**
 * A log of one JSON document a line, in the time of the clock, without secrets, with the fields Cloud Logging reads:
 * `severity`, `message`, `time`, and in a project the trace of the request.
 */
export function serviceLogger(clock: Clock, write: (line: string) => void, project?: string): Logger {
  return pino(
    {
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${clock.now().toISOString()}"`,
      formatters: {
        level: (level) => ({ severity: SEVERITIES[level] ?? level.toUpperCase() }),
        log: ({ trace, ...facts }) => {
          if (typeof trace !== 'string') return facts;
          return {
            ...facts,
            ...(project === undefined ? { trace } : { [TRACE_FIELD]: `projects/${project}/traces/${trace}` }),
          };
        },
      },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    },
    { write },
  );
}

const TRACE_FIELD = 'logging.googleapis.com/trace';

/** What the log says of a failure: code and hint of an expected one, the stack of any other. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (error instanceof TipoffError) return { code: error.code, error: error.message, hint: error.hint };
  return { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined };
}
