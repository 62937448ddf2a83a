import { z } from 'zod';
import { defineAction } from '#actions/lib/action.ts';
import { text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { byUrgency, countOutcomes, isFailing } from '#core/check.ts';
import { isInstant } from '#core/instants.ts';

const instant = z
  .string()
  .refine(isInstant, { error: 'expected an instant with a zone, such as 2025-01-10T17:00:00Z' })
  .transform((value) => new Date(value))
  .optional();

/**
 * Runs every canary and alerts people: failures become incidents, which are posted to Slack. A failure is a finding and leaves the
 * job green. An error, or an alert that could not be delivered, fails the step. A partial or historical run alerts nobody.
 */
export const action = defineAction({
  name: 'run-canaries',
  title: 'Canaries',
  inputs: z.object({ only: text(), as_of: instant }),
  outputs: { looked: false, passed: 0, failed: 0, errors: 0, skipped: 0, failing: '[]' },
  isGuard: true,
  // A partial run must not edit the report of a full one.
  about: ({ only }) => ({ key: only?.split(/[\s,]+/).join('.') }),
  run: async ({ only, as_of }, { withApp }) => {
    const [{ checkStored, runCanaries: ask }, { allCanaries }, { alertOn, canaryReport }, { canariesAmong }] =
      await Promise.all([
        import('#guard/canaries/run.ts'),
        import('#app/own-checks.ts'),
        import('#guard/incidents/report.ts'),
        import('#guard/canaries/catalogue/catalogue.ts'),
      ]);
    const { results, report, alerted } = await withApp('run-canaries', async (app) => {
      const isPartial = only !== undefined;
      const { deps, canaries: all } = await allCanaries(app);
      const canaries = only === undefined ? all : canariesAmong(all, only.split(/[\s,]+/));
      const run = await ask(deps, {
        canaries,
        isPartial,
        ...(as_of === undefined ? {} : { asOf: as_of }),
      });
      const isLook = isPartial || as_of !== undefined;
      const told = isLook
        ? { report: canaryReport(run.runs), alerted: undefined }
        : await alertOn(app, run, canaries);
      checkStored(run);
      return { results: run.results, ...told };
    });
    const counts = countOutcomes(results);
    const failing = results.filter(isFailing).toSorted(byUrgency);
    return {
      report: {
        ...report,
        outcomes: report.outcomes.toSorted(byUrgency),
        runbook: failing[0]?.runbook ?? 'docs/runbooks/actions/canaries.md',
      },
      outputs: {
        looked: alerted === undefined || alerted.delivered.undelivered.length === 0,
        passed: counts.pass,
        failed: counts.fail,
        errors: counts.error,
        skipped: counts.skip,
        failing: JSON.stringify(failing.map(({ check }) => check)),
      },
    };
  },
});

await main(import.meta.main, action);
