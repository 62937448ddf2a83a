import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addDays, type Slate } from '#core/calendar.ts';
import { FEATURES } from '#core/features.ts';
import { qualityReport } from '#guard/quality/report.ts';
import { readTrend, recordReport, requireTrainable } from '#guard/quality/trend.ts';
import { mlFeatureStoreProcessor } from '#pipeline/precompute/ml-feature-store.ts';
import { NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import { type BackfillWorld, computedWorld } from '#test/guard/backfill/world.ts';

// A season is computed before it is judged.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('the quality of training data', () => {
  let world: BackfillWorld;
  let range: { from: Slate; to: Slate };
  let months: readonly string[];
  beforeEach(async () => {
    world = await computedWorld({
      seed: 5,
      seasons: ['2023-24', '2024-25'],
      teams: 4,
      gamesPerTeam: 14,
      playersPerTeam: 12,
      scenario: { noStatusFeed: true },
    });
    range = { from: world.first, to: world.last };
    months = [...new Set(world.season.map((slate) => slate.slice(0, 7)))];
  });
  afterEach(() => world.close());

  /** Computes the feature rows of the range again, from what is there. */
  const recompute = async (): Promise<void> => {
    await world.warehouse.replaceRange(
      mlFeatureStoreProcessor.table,
      { column: 'slate', from: range.from, to: range.to },
      mlFeatureStoreProcessor.select,
      rangeParams({ ...range, asOf: NO_AS_OF }),
    );
  };

  /** Runs a check while the cache of some players of a month is missing, as if its source had been. */
  const contaminated = async <T>(month: string, share: number, check: () => Promise<T>): Promise<T> => {
    const kept = await world.warehouse.query<{ slate: string; player_id: number }>(
      `SELECT c.slate, c.player_id FROM nba_precompute.player_daily_cache c
       JOIN nba_analytics.player_game_summary g ON g.player_id = c.player_id AND g.slate = c.slate AND g.played
       WHERE c.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND c.games_career > 0
       ORDER BY c.player_id, c.slate`,
      range,
    );
    const inMonth = kept.filter(({ slate }) => slate.startsWith(month));
    const lost = new Set(
      inMonth.slice(0, Math.ceil(inMonth.length * share)).map(({ player_id }) => player_id),
    );
    await world.warehouse.execute(
      'DELETE FROM nba_precompute.player_daily_cache WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND player_id IN UNNEST(@ids)',
      {
        from: `${month}-01`,
        to: addDays(`${month}-28` as Slate, 3),
        ids: share >= 1 ? inMonth.map(({ player_id }) => player_id) : [...lost],
      },
    );
    await recompute();
    return check();
  };

  it('healthy rows pass, whatever optional features nobody delivers', async () => {
    const report = await qualityReport(world.warehouse, range);
    expect(report).toMatchObject({
      verdict: 'ok',
      required_default_rows: 0,
      required_default_share: 0,
      gaps: [],
    });
    expect(report.outcomes.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(report.rows).toBeGreaterThan(100);
    expect(report.months.map(({ month }) => month)).toEqual(months);
    expect(report.months.reduce((sum, { rows }) => sum + rows, 0)).toBe(report.rows);
    expect(report.features).toHaveLength(FEATURES.length);
    expect(report.features.find(({ feature }) => feature === 'paint_rate')).toMatchObject({
      required: false,
      default_share: 1,
      sources: { m: 1 },
    });
    expect(report.optional_default_share).toBe(1);
  });

  it('a source missing for a month fails, and tier 3 names the features and the month', async () => {
    const month = months.at(-1) ?? '';
    const report = await contaminated(month, 1, () => qualityReport(world.warehouse, range));
    expect(report.verdict).toBe('failed');
    const failing = report.outcomes.filter(
      ({ check, status, severity }) =>
        check === 'required_features' && status === 'fail' && severity === 'critical',
    );
    expect(failing.flatMap(({ subject }) => subject ?? [])).toEqual([month]);
    expect(report.outcomes.find(({ check }) => check === 'features_present')).toMatchObject({
      status: 'fail',
      severity: 'critical',
      subject: month,
      offender_count: report.gaps.filter((gap) => gap.month === month).length,
    });
    const named = report.gaps.filter(({ severity }) => severity === 'critical');
    expect(new Set(named.map((one) => one.month))).toEqual(new Set([month]));
    expect(named.map(({ feature }) => feature)).toContain('pts_ewma8');
    expect(named.map(({ feature }) => feature)).not.toContain('opp_pts_allowed');
    expect(named.find(({ feature }) => feature === 'pts_ewma8')).toMatchObject({
      default_share: 1,
      usual_share: 0,
      required: true,
    });
  });

  it('training is refused above the policy with the number of rows, and allowed without the contamination', async () => {
    const before = addDays(world.last, 1);
    const slates = { from: world.first, before };
    const { rows } = await qualityReport(world.warehouse, range);
    await expect(requireTrainable(world.warehouse, slates)).resolves.toEqual({
      rows,
      required_default_rows: 0,
    });
    await contaminated(months.at(-1) ?? '', 1, async () => {
      const report = await qualityReport(world.warehouse, range);
      const strict = { warn: 0, fail: report.required_default_share / 2 };
      const error = await requireTrainable(world.warehouse, slates, strict).catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({ code: 'TIPOFF_AUDIT_FAILED', transient: false });
      expect(String(error)).toContain(`${report.required_default_rows} of ${report.rows} training rows`);
    });
  });

  it('few defaults warn and do not fail', async () => {
    const report = await contaminated(months.at(-1) ?? '', 0.02, () =>
      qualityReport(world.warehouse, range, { warn: 0.001, fail: 0.5 }),
    );
    expect(report.verdict).toBe('warning');
    expect(report.required_default_rows).toBeGreaterThan(0);
  });

  it('no rows where games were played is a failure; no rows at all is no pass and says so', async () => {
    const nobody = { from: '2023-10-01' as Slate, to: '2023-12-31' as Slate };
    const blind = await qualityReport(world.warehouse, nobody);
    expect(blind).toMatchObject({ verdict: 'failed', rows: 0 });
    expect(blind.outcomes[0]?.reason).toMatch(/^no feature rows for \d+ slates with finished games$/);
    await expect(
      qualityReport(world.warehouse, { from: '2024-07-01' as Slate, to: '2024-07-14' as Slate }),
    ).resolves.toMatchObject({
      verdict: 'skipped',
      rows: 0,
      outcomes: [
        {
          status: 'skip',
          reason: 'no rows from 2024-07-01 to 2024-07-14, and no finished games: nothing seen is no proof',
        },
      ],
    });
  });

  it('every report joins the trend of its kind', async () => {
    const report = await qualityReport(world.warehouse, range);
    for (let i = 0; i < 3; i++) await recordReport(world.deps, 'training', report);
    await recordReport(world.deps, 'recent', report);
    const trend = await readTrend(world.warehouse, 'training', 2);
    expect(trend).toHaveLength(2);
    expect(trend[0]).toMatchObject({ row_count: report.rows, required_default_share: 0, verdict: 'pass' });
    expect(await readTrend(world.warehouse, 'recent')).toHaveLength(1);
  });
});
