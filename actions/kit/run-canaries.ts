import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import type { Canary, CanaryResult, CanaryStatus } from '#guard/canaries/definition.ts';
import { defineAction } from './glue/define.ts';
import { text } from './glue/inputs.ts';
import { type Annotation, report } from './glue/report.ts';

const instant = z
  .string()
  .refine(
    (value) => /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(value) && !Number.isNaN(Date.parse(value)),
    {
      error: 'expected an instant with a zone, such as 2025-01-10T17:00:00Z',
    },
  )
  .transform((value) => new Date(value))
  .optional();

/**
 * Asks every canary what is wrong now, and tells people: failures become incidents, which find their way to Slack. FAIL and
 * ERROR both end the step, an ERROR is never read as a PASS, and neither is an alert that could not be delivered. A look at
 * some checks or at the past tells nobody.
 */
export const runCanaries = defineAction({
  name: 'run-canaries',
  title: 'Canaries',
  inputs: z.object({ only: text(), as_of: instant }),
  outputs: { passed: 0, failed: 0, errors: 0, skipped: 0, failing: '[]' },
  run: async ({ only, as_of }, { withApp }) => {
    const [{ runCanaries: ask }, { canaryDeps }, { alertOn }, { CATALOGUE }] = await Promise.all([
      import('#guard/canaries/run.ts'),
      import('#app/canaries.ts'),
      import('#app/alert-deps.ts'),
      import('#guard/canaries/catalogue/catalogue.ts'),
    ]);
    const canaries = only === undefined ? CATALOGUE : named(CATALOGUE, only.split(/[\s,]+/));
    const { results, undelivered } = await withApp('run-canaries', async (app) => {
      const isPartial = only !== undefined;
      const run = await ask(canaryDeps(app), {
        canaries,
        isPartial,
        ...(as_of === undefined ? {} : { asOf: as_of }),
      });
      const told =
        only === undefined && as_of === undefined
          ? (await alertOn(app, run)).alerted.delivered.undelivered
          : [];
      return { results: run.results, undelivered: told };
    });
    const of = (status: CanaryStatus) => results.filter((one) => one.status === status);
    const [failed, errors] = [of('FAIL'), of('ERROR')];
    const loud = [...failed, ...errors].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
    const isSerious = failed.some(({ severity }) => severity !== 'info');
    const isBlind = results.length === 0 || errors.length > 0 || undelivered.length > 0;
    const counts = `${of('PASS').length} pass, ${failed.length} fail, ${errors.length} could not run, ${of('SKIP').length} skipped`;
    return {
      report: report({
        // A look at some checks must not edit what was said of all of them.
        key: only === undefined ? 'canaries' : `canaries:${canaries.map(({ id }) => id).join('.')}`,
        title: 'Canaries',
        verdict: isBlind ? 'error' : isSerious ? 'failed' : failed.length > 0 ? 'warning' : 'ok',
        summary:
          results.length === 0
            ? 'No canary ran: nobody has looked.'
            : `${counts}${undelivered.length === 0 ? '' : `; ${undelivered.length} alerts could not be delivered`}.`,
        columns: ['canary', 'slate', 'severity', 'status', 'seen', 'expected', 'why', 'who'],
        rows: loud.map((one) => [
          one.canary_id,
          one.slate,
          one.severity,
          one.status,
          one.seen ?? '',
          one.expected,
          one.reason,
          whoOf(one),
        ]),
        annotations: [
          ...undelivered.map(({ title, error }) => ({
            level: 'error' as const,
            title: 'Alert not delivered',
            message: `${title}: ${error}`,
          })),
          ...loud.map(annotationOf),
        ],
        repair: loud[0]?.repair,
        runbook: loud[0]?.runbook ?? 'docs/runbooks/actions/canaries.md',
      }),
      outputs: {
        passed: of('PASS').length,
        failed: failed.length,
        errors: errors.length,
        skipped: of('SKIP').length,
        failing: JSON.stringify(loud.map(({ canary_id }) => canary_id)),
      },
    };
  },
});

const RANK = { critical: 0, warning: 1, info: 2 } as const;

function named(catalogue: readonly Canary[], ids: readonly string[]): Canary[] {
  const unknown = ids.filter((id) => !catalogue.some((canary) => canary.id === id));
  if (unknown.length === 0) return catalogue.filter(({ id }) => ids.includes(id));
  throw new TipoffError('TIPOFF_BAD_INPUT', `only: there is no canary ${unknown.join(', ')}`, {
    hint: '`tipoff canary list` has their names.',
  });
}

function whoOf({ offenders, offender_count }: CanaryResult): string {
  const more = offender_count - offenders.length;
  return `${offenders.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function annotationOf({ canary_id, status, severity, slate, reason, repair }: CanaryResult): Annotation {
  const level =
    status === 'ERROR' || severity === 'critical' ? 'error' : severity === 'warning' ? 'warning' : 'notice';
  return { level, title: `${canary_id} ${status} (${slate})`, message: `${reason}\nRepair: ${repair}` };
}
