import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { addDays } from '#core/calendar.ts';
import { report as checkReport, isFailing } from '#core/check.ts';
import { TipoffError } from '#core/errors.ts';
import { percent } from '#core/format.ts';
import type { QualityReport } from '#guard/quality/report.ts';
import type { TrendPoint } from '#guard/quality/trend.ts';
import { consoleLines, tableLines } from '#platform/report/console.ts';

/** Days of `--recent`. */
const RECENT_DAYS = 14;
const FIRST_SEASON = '1946-11-01';

interface QualityOptions {
  readonly recent?: boolean;
  readonly trainStart?: string;
  readonly to?: string;
}

/** `quality [--recent | --train-start DATE]`: exit 1 above 15 % and when there is nothing to look at. */
export function addQualityVerb(root: Command, host: CliHost): void {
  root
    .command('quality')
    .description(
      'report on training data in three tiers: required defaults, optional defaults, sources by feature and month; exit 1 above 15 % or without rows',
    )
    .option('--recent', `the last ${RECENT_DAYS} days`)
    .option('--train-start <slate>', 'first slate training would read (default: all history)')
    .option('--to <slate>', 'last slate (default: yesterday)')
    .action(async (options: QualityOptions, command: Command) => {
      const { terminal, withApp, clock, config, slate: readSlate } = contextOf(host, command);
      if (options.recent === true && options.trainStart !== undefined) {
        throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --recent or --train-start, saw both', {
          hint: 'Leave one of them out.',
        });
      }
      const to = readSlate(options.to ?? 'yesterday');
      const from =
        options.recent === true
          ? addDays(to, 1 - RECENT_DAYS)
          : readSlate(options.trainStart ?? FIRST_SEASON);
      if (from > to) {
        throw new TipoffError(
          'TIPOFF_BAD_INPUT',
          `expected --train-start before the end, saw ${from} and ${to}`,
          {
            hint: 'Write the earlier date first.',
          },
        );
      }
      const kind = options.recent === true ? 'recent' : 'training';
      const [{ qualityReport }, { recordReport, readTrend }] = await Promise.all([
        import('#guard/quality/report.ts'),
        import('#guard/quality/trend.ts'),
      ]);
      const { report, trend } = await withApp(async ({ warehouse }) => {
        const made = await qualityReport(warehouse, { from, to });
        await recordReport({ warehouse, clock, codeVersion: config.codeVersion }, kind, made);
        return { report: made, trend: await readTrend(warehouse, kind) };
      });
      terminal.json({ ...report, kind, trend });
      for (const line of reportLines(report, trend)) terminal.line(line);
      // No rows prove nothing: a script that would train next must stop here.
      if (report.verdict === 'failed' || report.verdict === 'skipped') host.exit(1);
    });
}

function reportLines(report: QualityReport, trend: readonly TrendPoint[]): string[] {
  const months = report.months.map((one) => [
    one.month,
    one.rows,
    one.rows_without_history,
    percent(one.required_default_share),
    percent(one.optional_default_share),
  ]);
  const sources = report.features
    .filter(({ default_share }) => default_share > 0)
    .toSorted((a, b) => b.default_share - a.default_share)
    .map(({ feature, required, default_share, sources: by }) => [
      feature,
      required ? 'required' : 'optional',
      percent(default_share),
      Object.entries(by)
        .map(([letter, share]) => `${letter} ${percent(share)}`)
        .join(', '),
    ]);
  const shown = trend.map((one) => [
    one.reported_at,
    one.row_count,
    percent(one.required_default_share),
    percent(one.optional_default_share),
    one.verdict,
  ]);
  return [
    `Tier 1, required: ${report.required_default_rows} of ${report.rows} rows lack one (${percent(report.required_default_share)}).`,
    `Tier 2, optional: ${report.optional_default_rows} of ${report.rows} rows lack one (${percent(report.optional_default_share)}).`,
    `Rows of a player's first game, counted apart: ${report.rows_without_history}. Slates without rows: ${report.slates_without_rows.length}.`,
    ...section('By month', ['month', 'rows', 'first games', 'required', 'optional'], months),
    ...section('Tier 3, features that lack values', ['feature', 'kind', 'missing', 'sources'], sources),
    ...section('Trend', ['reported', 'rows', 'required', 'optional', 'verdict'], shown),
    '',
    ...consoleLines(
      checkReport({
        key: 'quality',
        title: 'Training data',
        verdict: report.verdict,
        summary: report.outcomes.find(isFailing)?.reason ?? report.outcomes[0]?.reason ?? 'nothing was asked',
        outcomes: report.outcomes,
      }),
    ),
  ];
}

function section(
  title: string,
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  return rows.length === 0 ? [] : ['', title, ...tableLines(header, rows)];
}
