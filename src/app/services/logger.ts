import { type Logger, pino } from 'pino';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';

export type { Logger } from 'pino';

/** Names under which a secret could reach the log; their values never do, at any of the depths the services log at. */
const SECRET_NAMES = ['authorization', 'x-api-key', 'apiKey', 'api_key', 'key', 'token', 'password', 'secret', 'cookie'];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) =>
  ['', '*.', '*.*.'].map((depth) => (name.includes('-') ? `${depth.slice(0, -1)}["${name}"]` : `${depth}${name}`)),
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
          return { ...facts, ...(project === undefined ? { trace } : { [TRACE_FIELD]: `projects/${project}/traces/${trace}` }) };
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
