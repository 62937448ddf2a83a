import { describe, expect, it } from 'vitest';
import { MAIN_MARKET, MARKETS, type Market } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { columnOf, firstRowAt, type TrainingSet } from '#model/dataset.ts';
import { evaluate, evaluateMarkets } from '#model/evaluate.ts';
import { leakAlarms } from '#model/leak-alarms.ts';
import type { EvaluationReport, MarketScores, SystemReport } from '#model/report.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const set = syntheticSet({ from: '2023-10-24', slates: 110, rowsPerSlate: 40, lined: 0.4 });
const options = { from: '2023-12-15', to: '2024-01-31', codeVersion: 'c', featureContractHash: 'h' };
const report = evaluate(set, options);

/** The same outcomes under the name of another market, with the features of that one. */
function inMarket(points: TrainingSet, market: Market): TrainingSet {
  const swap = (name: string): string => {
    const [own, theirs] = [MAIN_MARKET.features[0], market.features[0]];
    if (own === undefined || theirs === undefined) return name;
    for (const what of ['ewma8', 'minutesRate', 'rate', 'opponentRatio'] as const) {
      if (name === own[what]) return theirs[what];
      if (name === theirs[what]) return own[what];
    }
    return name;
  };
  return { ...points, market, features: points.features.map(swap) };
}

function of(seen: EvaluationReport, system: string): SystemReport {
  const found = seen.systems.find((one) => one.system === system);
  if (found === undefined) throw new Error(`no report for ${system}`);
  return found;
}

describe('walk-forward evaluation', () => {
  it('refits on the first date and every Monday, and grades every row that counts', () => {
    // Friday 15 December, then the Mondays 18 December to 29 January.
    expect(report.refits).toBe(8);
    const [games, minutes] = [columnOf(set, 'games_season'), columnOf(set, 'min_ewma4')];
    let counting = 0;
    for (let row = firstRowAt(set, options.from); row < firstRowAt(set, '2024-02-01'); row++) {
      if ((set.minutes[row] ?? 0) > 0 && (games?.[row] ?? 0) >= 5 && (minutes?.[row] ?? 0) >= 10) counting++;
    }
    expect(report.rows).toBe(counting);
    expect(of(report, 'ridge').overall.n).toBe(counting);
  });

  it('publishes per market and system what is measured, with the champion marked', () => {
    expect(report.markets.map(({ market, system }) => `${market} ${system}`)).toEqual([
      'points ewma8',
      'points minutes_rate',
      'points ridge',
      'points market',
    ]);
    const champion = report.markets.find((scores) => scores.champion);
    expect(champion?.system).toBe('ridge');
    expect(champion?.slope_free).toBeGreaterThan(0.6);
    expect(champion?.slope_free).toBeLessThan(1.6);
    expect(champion?.pit_ks).toBeLessThan(0.05);
    expect(champion?.line?.bins.reduce((sum, { n }) => sum + n, 0)).toBe(champion?.line?.n);
    expect(champion?.line?.market_brier).toBeNull();
  });

  it('pools over markets what is believed at lines without prices', () => {
    const line = report.markets.find((scores) => scores.champion)?.line;
    expect(report.pooled).toMatchObject({ n: line?.n, brier: line?.brier, market_brier: null });
    const rebounds = MARKETS.find(({ id }) => id === 'rebounds') ?? MAIN_MARKET;
    const short = { ...options, to: '2023-12-20' };
    const two = evaluateMarkets([set, inMarket(set, rebounds)], short);
    const own = two.markets.filter((scores) => scores.champion).map((scores) => scores.line?.n ?? 0);
    expect(two.pooled?.n).toBe(own.reduce((sum, n) => sum + n, 0));
    expect(two.markets.map(({ market }) => market)).toEqual([
      ...new Array<string>(4).fill('points'),
      ...new Array<string>(4).fill('rebounds'),
    ]);
    expect(two.systems).toHaveLength(4);
  });

  it('splits by season, month and tier without losing a row', () => {
    for (const system of report.systems) {
      for (const groups of [system.by_season, system.by_month, system.by_tier]) {
        expect(Object.values(groups).reduce((sum, scores) => sum + scores.n, 0)).toBe(system.overall.n);
      }
    }
    expect(Object.keys(of(report, 'ridge').by_month)).toEqual(['2023-12', '2024-01']);
    expect(Object.keys(of(report, 'ridge').by_season)).toEqual(['2023-24']);
  });

  it('finds the model better than the baseline, with an interval below zero, and well calibrated', () => {
    const ridge = of(report, 'ridge');
    expect(ridge.against_ewma8.crps.high).toBeLessThan(0);
    expect(ridge.overall.crps).toBeLessThan(of(report, 'ewma8').overall.crps);
    expect(Math.abs(ridge.overall.coverage80 - 0.8)).toBeLessThan(0.03);
    expect(of(report, 'ewma8').against_ewma8.crps).toMatchObject({ mean: 0, low: 0, high: 0 });
  });

  it('reports the market system on the rows with a line only', () => {
    const market = of(report, 'market');
    expect(market.overall.n).toBeLessThan(report.rows);
    expect(report.cannot).toEqual({ market: { no_line: report.rows - market.overall.n } });
    const line = market.overall.at_line;
    expect((line?.decided ?? 0) + (line?.pushes ?? 0)).toBe(market.overall.n);
    expect(line?.brier).toBeLessThan(0.26);
    expect(line?.edge3.decided).toBeGreaterThanOrEqual(line?.edge3.wins ?? 0);
  });

  it('gives the same report again, and another one when the past is scrambled', () => {
    expect(evaluate(set, options)).toEqual(report);
    const start = firstRowAt(set, '2023-12-01');
    const random = seededRandom(5);
    const past = {
      ...set,
      target: set.target.map((y, row) => (row < start ? Math.floor(30 * random()) : y)),
    };
    expect(of(evaluate(past, options), 'ridge').overall.crps).toBeGreaterThan(
      of(report, 'ridge').overall.crps,
    );
  });

  it('does not change when what follows its last date is scrambled', () => {
    const end = firstRowAt(set, '2024-02-01');
    const random = seededRandom(6);
    const future = {
      ...set,
      target: set.target.map((y, row) => (row < end ? y : Math.floor(60 * random()))),
    };
    expect(evaluate(future, options)).toEqual(report);
  });

  it('says which system was silent and why, when a required feature is missing', () => {
    const gone = {
      ...set,
      columns: set.columns.with(
        set.features.indexOf('opp_pace'),
        new Float64Array(set.rows).fill(Number.NaN),
      ),
    };
    const { line: _, ...unlined } = gone;
    const seen = evaluate(unlined, options);
    expect(seen.systems.map((one) => one.system)).toEqual(['ewma8', 'minutes_rate']);
    expect(seen.cannot['ridge']).toEqual({ 'missing_features opp_pace': seen.rows });
  });

  it('counts the rows of a season opening that had too little history, and starts after them', () => {
    const opening = evaluate(set, { ...options, from: '2023-10-24' });
    expect(opening.rows_without_model).toBeGreaterThan(0);
    expect(opening.rows).toBeGreaterThan(report.rows);
    expect(report.rows_without_model).toBe(0);
    expect(() => evaluate(set, { ...options, from: '2023-10-24', to: '2023-11-01' })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_NO_MODEL' }),
    );
  });

  it('refuses a span without rows', () => {
    expect(() => evaluate(set, { ...options, from: '2025-01-01', to: '2025-02-01' })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

describe('leak alarms', () => {
  const limits = (alarm: { kind: string; of: string }): string => `${alarm.kind} ${alarm.of}`;

  it('ring for a feature that has seen the game', () => {
    const at = set.features.indexOf('pts_ewma4');
    const clean = set.columns[at] ?? new Float64Array(0);
    const leaked: TrainingSet = {
      ...set,
      columns: set.columns.with(
        at,
        clean.map((x, row) => 0.2 * x + 0.8 * (set.target[row] ?? 0)),
      ),
    };
    expect(leakAlarms([leaked], report).map(limits)).toContain('correlation pts_ewma4');
  });

  it.each(MARKETS)('ring in $id for a feature that has seen the game', (market) => {
    const at = set.features.indexOf(market.features[0]?.ewma8 ?? '');
    const columns = set.columns.with(
      at,
      set.target.map((actual, row) => actual + (row % 3)),
    );
    const clean: TrainingSet = { ...set, market };
    const rung = (one: TrainingSet) =>
      leakAlarms([one], { ...report, markets: [] }).filter(({ of }) => of === set.features[at]);
    expect(rung(clean)).toEqual([]);
    expect(rung({ ...clean, columns })).toMatchObject([
      { kind: 'correlation', market: market.id, limit: 0.8 },
    ]);
  });

  const nothing: TrainingSet = { ...set, features: [], columns: [] };
  const ridge = report.markets.find(({ system }) => system === 'ridge');
  if (ridge?.line === null || ridge?.line === undefined) throw new Error('no scores at lines');
  const { line } = ridge;
  const base: MarketScores = {
    ...ridge,
    system: 'ewma8',
    champion: false,
    n: 21_000,
    rmse: 6.268,
    mae_median: 4.873,
    line: null,
  };
  const honest: MarketScores = { ...ridge, n: 21_000, rmse: 6.178, mae_median: 4.764, bias: 0.1, line: null };
  const rung = (scores: Partial<MarketScores>): string[] =>
    leakAlarms([nothing], { ...report, markets: [base, { ...honest, ...scores }] }).map(limits);

  it('ring for an error that is too small, alone or beside the average of eight games', () => {
    expect(rung({ mae_median: 4.5 })).toEqual(['mae ridge']);
    expect(rung({ rmse: 5.8 })).toEqual(['rmse_ratio ridge']);
    expect(rung({ bias: -1.46 })).toEqual(['bias ridge']);
  });

  it('ring for probabilities and sides at lines that nobody can have', () => {
    const bin = { n: 1200, claimed: 0.6, won: 0.6, low: 0.57, high: 0.63 };
    expect(rung({ line: { ...line, n: 1200, brier: 0.236, market_brier: null, bins: [bin] } })).toEqual([
      'brier ridge',
      'hit_rate ridge',
    ]);
  });

  it.each(MARKETS)('ring in $id for an error no honest forecast of it can have', ({ id }) => {
    const rung = leakAlarms([nothing], {
      ...report,
      markets: [
        { ...base, market: id, rmse: 2, mae_median: 99 },
        { ...honest, market: id, rmse: 1.8, mae_median: 99 },
      ],
    });
    expect(rung).toMatchObject([{ kind: 'rmse_ratio', market: id, of: 'ridge' }]);
  });

  it('stay silent for honest figures and for few rows', () => {
    const bin = { n: 4000, claimed: 0.52, won: 0.52, low: 0.5, high: 0.54 };
    expect(rung({ line: { ...line, n: 4000, brier: 0.2496, market_brier: null, bins: [bin] } })).toEqual([]);
    expect(rung({ n: 1000, mae_median: 4.2, rmse: 5 })).toEqual([]);
  });
});
