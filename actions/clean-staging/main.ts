import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { flag, number } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { outcomeSchema } from '#platform/report/json.ts';

const answer = z.object({
  tables: z.array(
    z.object({
      dataset: z.string(),
      name: z.string(),
      rows: z.number(),
      age_hours: z.number().nullable(),
      verdict: z.string(),
      reason: z.string(),
    }),
  ),
  dropped: z.number(),
  would_drop: z.number(),
  rows: z.number(),
  kept: z.record(z.string(), z.number()),
  errors: z.array(z.object({ table: z.string(), message: z.string() })),
  outcomes: z.array(outcomeSchema),
});

/** Drops staging tables of failed batches, and names those that need a person. */
export const action = defineAction({
  name: 'clean-staging',
  title: 'Staging cleanup',
  inputs: z.object({ max_age_hours: number(24, 1, 8760), dry_run: flag(true) }),
  outputs: { dropped: 0, would_drop: 0, errors: 0 },
  run: async ({ max_age_hours, dry_run }, { tipoff }) => {
    const ran = await tipoff(
      'staging',
      'clean',
      '--max-age-hours',
      String(max_age_hours),
      ...(dry_run ? ['--dry-run'] : []),
    );
    const result = answerOf(ran, answer, 'staging clean');
    const isUnmerged = result.outcomes.some(({ check }) => check === 'staging_merged');
    const work = dry_run ? result.would_drop : result.dropped;
    const kept = Object.entries(result.kept).map(([verdict, count]): [string, number] => [
      `kept, ${verdict}`,
      count,
    ]);
    const done = dry_run ? 'would be dropped (dry run)' : 'dropped';
    return {
      report: reportBody({
        verdict: result.errors.length > 0 ? 'failed' : isUnmerged ? 'warning' : work === 0 ? 'nothing' : 'ok',
        summary:
          work === 0
            ? 'Nothing to drop: the run changed nothing.'
            : `${work} of ${result.tables.length} staging tables ${done}, ${result.rows} rows.`,
        facts: [
          ['tables', result.tables.length],
          [dry_run ? 'would be dropped' : 'dropped', work],
          ...kept,
          ['errors', result.errors.length],
        ],
        columns: ['table', 'hours', 'rows', 'verdict', 'why'],
        rows: result.tables
          .filter(({ verdict }) => verdict !== 'young' && verdict !== 'open')
          .map((table) => [
            `${table.dataset}.${table.name}`,
            table.age_hours ?? '',
            table.rows,
            table.verdict,
            table.reason,
          ]),
        outcomes: result.outcomes,
        repair: isUnmerged ? 'tipoff staging list' : undefined,
        runbook: 'docs/runbooks/actions/staging-cleanup.md',
      }),
      outputs: { dropped: result.dropped, would_drop: result.would_drop, errors: result.errors.length },
    };
  },
});

await main(import.meta.main, action);
