import { type Logger, pino } from 'pino';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';

export type { Logger } from 'pino';

/** Names under which a secret could reach the log; their values never do, at any of the depths the services log at. */
const SECRET_NAMES = ['authorization', 'x-api-key', 'apiKey', 'api_key', 'key', 'token', 'password', 'secret', 'cookie'];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) =>
  ['', '*.', '*.*.'].map((depth) => (name.includes('-') ? `${depth.slice(0, -1)}["${name}"]` : `${depth}${name}`)),
);

/** A log of one JSON document a line, in the time of the clock, without secrets. */
export function serviceLogger(clock: Clock, write: (line: string) => void): Logger {
  return pino(
    {
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${clock.now().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    },
    { write },
  );
}

/** What the log says of a failure: code and hint of an expected one, the stack of any other. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (error instanceof TipoffError) return { code: error.code, error: error.message, hint: error.hint };
  return { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined };
}
