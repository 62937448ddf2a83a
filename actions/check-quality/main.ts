import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { optionalDate } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { VERDICTS } from '#core/check.ts';
import { percent } from '#core/format.ts';
import { outcomeSchema } from '#platform/report/json.ts';

const share = z.number().nullable();
const answer = z.looseObject({
  from: z.string(),
  to: z.string(),
  rows: z.number(),
  required_default_rows: z.number(),
  required_default_share: share,
  optional_default_share: share,
  verdict: z.enum(VERDICTS),
  outcomes: z.array(outcomeSchema),
  gaps: z.array(
    z.looseObject({
      feature: z.string(),
      month: z.string(),
      default_share: share,
      usual_share: share,
      severity: z.string(),
    }),
  ),
});

/** Checks the three tiers of training data daily: red when too many rows lack a required feature. */
export const action = defineAction({
  name: 'check-quality',
  title: 'Training data',
  inputs: z.object({ train_start: optionalDate() }),
  outputs: { passed: false },
  isGuard: true,
  silentAfterHours: 30,
  run: async ({ train_start }, { tipoff }) => {
    const ran = await tipoff(
      'quality',
      ...(train_start === undefined ? ['--recent'] : ['--train-start', train_start]),
    );
    const seen = answerOf(ran, answer, 'quality');
    return {
      report: reportBody({
        // No rows prove nothing, but in summer they are no reason for an alert either.
        verdict: seen.verdict === 'skipped' ? 'warning' : seen.verdict,
        summary:
          seen.rows === 0
            ? `There are no rows from ${seen.from} to ${seen.to}: nothing seen is no proof.`
            : `${seen.required_default_rows} of ${seen.rows} rows from ${seen.from} to ${seen.to} lack a required feature (${percent(seen.required_default_share)}).`,
        facts:
          seen.rows === 0
            ? []
            : [
                ['required features missing', percent(seen.required_default_share)],
                ['optional features missing', percent(seen.optional_default_share)],
              ],
        columns: ['feature', 'month', 'missing', 'usually', 'severity'],
        rows: seen.gaps.map((one) => [
          one.feature,
          one.month,
          percent(one.default_share),
          percent(one.usual_share),
          one.severity,
        ]),
        outcomes: seen.outcomes,
        repair:
          seen.verdict === 'failed' ? `tipoff backfill plan --from ${seen.from} --to ${seen.to}` : undefined,
        runbook: 'docs/runbooks/actions/training-quality.md',
      }),
      outputs: { passed: seen.verdict === 'ok' || seen.verdict === 'warning' },
    };
  },
});

await main(import.meta.main, action);
