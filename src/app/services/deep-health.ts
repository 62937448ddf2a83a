import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { DeepHealth } from './common-schemas.ts';
import { type Finding, HEALTH_CHECKS, type HealthCheck, type HealthDeps } from './health-checks.ts';

/** Seconds after which a check has failed. */
const LIMIT_SECONDS = 5;

/** Runs all checks side by side. One that throws, or does not answer in time, has failed; the others still answer. */
export async function deepHealth(deps: HealthDeps, checks: readonly HealthCheck[] = HEALTH_CHECKS): Promise<DeepHealth> {
  const began = performance.now();
  const results = await Promise.all(
    checks.map(async (check) => {
      const from = performance.now();
      const finding = await guarded(deps, check);
      return {
        check: check.name,
        status: finding.ok ? ('pass' as const) : ('fail' as const),
        expected: finding.expected,
        seen: finding.seen,
        ms: rounded(performance.now() - from),
      };
    }),
  );
  const failed = results.filter(({ status }) => status === 'fail').length;
  return {
    status: failed === 0 ? 'healthy' : 'unhealthy',
    checks: results,
    checks_run: results.length,
    checks_passed: results.length - failed,
    checks_failed: failed,
    total_ms: rounded(performance.now() - began),
  };
}

async function guarded(deps: HealthDeps, check: HealthCheck): Promise<Finding> {
  const { expected } = check;
  try {
    return { expected, ...(await within(deps.clock, check.look(deps))) };
  } catch (error) {
    const seen = error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error);
    return { ok: false, expected, seen };
  }
}

async function within<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const limit = clock.sleep(LIMIT_SECONDS * 1000, done.signal).then(() => {
    throw new TipoffError('TIPOFF_NOT_READY', `no answer within ${LIMIT_SECONDS} s`, { hint: 'Look at the load of the store.' });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    done.abort();
    // The sleep that was cut short ends in an abort which nobody else waits for.
    limit.catch(() => undefined);
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
