import { z } from 'zod';
import { defineAction, said } from '#actions/lib/action.ts';
import { optionalDate } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { outcome } from '#core/check.ts';
import { percent } from '#core/format.ts';

const share = z.number().nullable();
const answer = z.looseObject({
  from: z.string(),
  to: z.string(),
  rows: z.number(),
  required_default_rows: z.number(),
  required_default_share: share,
  optional_default_share: share,
  verdict: z.enum(['pass', 'warn', 'fail', 'empty']),
  reasons: z.array(z.string()),
  findings: z.array(
    z.looseObject({
      feature: z.string(),
      month: z.string(),
      default_share: share,
      usual_share: share,
      verdict: z.string(),
    }),
  ),
});

/** No rows is no proof that they are good, and in summer no reason to wake anybody. */
const VERDICTS = { pass: 'ok', warn: 'warning', fail: 'failed', empty: 'warning' } as const;

/** The three tiers of the training data, daily: red when more rows lack a required feature than may. */
export const action = defineAction({
  name: 'check-quality',
  title: 'Training data',
  inputs: z.object({ train_start: optionalDate() }),
  outputs: { passed: false },
  silentAfterHours: 30,
  run: async ({ train_start }, { tipoff }) => {
    const ran = await tipoff(
      'quality',
      ...(train_start === undefined ? ['--recent'] : ['--train-start', train_start]),
    );
    const seen = answerOf(ran, answer, 'quality');
    const severity = seen.verdict === 'fail' ? 'critical' : 'warning';
    return {
      report: said({
        verdict: VERDICTS[seen.verdict],
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
        columns: ['feature', 'month', 'missing', 'usually', 'verdict'],
        rows: seen.findings.map((one) => [
          one.feature,
          one.month,
          percent(one.default_share),
          percent(one.usual_share),
          one.verdict,
        ]),
        outcomes: seen.reasons.map((reason) =>
          outcome({ check: 'training_data', title: 'Training data', status: 'fail', severity, reason }),
        ),
        repair:
          seen.verdict === 'fail' ? `tipoff backfill plan --from ${seen.from} --to ${seen.to}` : undefined,
        runbook: 'docs/runbooks/actions/training-quality.md',
      }),
      outputs: { passed: seen.verdict === 'pass' || seen.verdict === 'warn' },
    };
  },
});

await main(import.meta.main, action);
