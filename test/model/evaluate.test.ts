import { describe, expect, it } from 'vitest';
import { MAIN_MARKET, MARKETS, type Market } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { columnOf, firstRowAt, type TrainingSet } from '#model/dataset.ts';
import { evaluate, evaluateMarkets, evaluationSteps } from '#model/evaluate.ts';
import type { Quote, Surroundings } from '#model/evaluation-rows.ts';
import type { EvaluationReport, MarketScores } from '#model/report.ts';
import { runStepsYielding } from '#model/train-config.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const set = syntheticSet({ from: '2023-10-24', slates: 110, rowsPerSlate: 24, lined: 0.4 });
const options = { from: '2023-12-15', to: '2024-01-31', codeVersion: 'c', featureContractHash: 'h' };
const report = evaluate(set, options);
/** Three refits in the place of eight, for tests of two reports beside each other. */
const brief = { ...options, to: '2023-12-31' };
const briefly = evaluate(set, brief);

/** The set with players, and what surrounds its rows: two bookmakers, three leads, two statuses. */
const quoted: TrainingSet = { ...set, players: set.target.map((_, row) => row) };
const QUOTE: Quote = { bookmaker: 'draftkings', overPrice: null, underPrice: -120, leadHours: 0.5 };
const SURROUNDINGS: Surroundings = {
  circumstances: (_slate, player) => ({
    status: player % 5 === 0 ? 'questionable' : 'unlisted',
    quality: 100,
  }),
  quote: (_market, _slate, player) => ({
    ...QUOTE,
    bookmaker: player % 2 === 0 ? 'draftkings' : 'fanduel',
    leadHours: [0.5, 5, Number.NaN][player % 3] ?? Number.NaN,
  }),
};

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

function of(seen: EvaluationReport, system: string): MarketScores {
  const found = seen.markets.find((one) => one.system === system);
  if (found === undefined) throw new Error(`no report for ${system}`);
  return found;
}

describe('walk-forward evaluation', () => {
  it('is the same in turns with other work, which gets several a refit', async () => {
    let [turns, isOver] = [0, false];
    const beside = (async () => {
      for (; !isOver; turns++) await new Promise((done) => setImmediate(done));
    })();
    const inTurn = await runStepsYielding(evaluationSteps([set], brief));
    isOver = true;
    await beside;
    expect(turns).toBeGreaterThan(briefly.refits * 3);
    expect(inTurn).toEqual(briefly);
  });

  it('refits on the first date and every Monday, and grades every row that counts', () => {
    // Friday 15 December, then the Mondays 18 December to 29 January.
    expect(report.refits).toBe(8);
    const [games, minutes] = [columnOf(set, 'games_season'), columnOf(set, 'min_ewma4')];
    let counting = 0;
    for (let row = firstRowAt(set, options.from); row < firstRowAt(set, '2024-02-01'); row++) {
      if ((set.minutes[row] ?? 0) > 0 && (games?.[row] ?? 0) >= 5 && (minutes?.[row] ?? 0) >= 10) counting++;
    }
    expect(report.rows).toBe(counting);
    expect(of(report, 'ridge').n).toBe(counting);
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
    expect(two.at_lines?.n).toBe(two.pooled?.n);
  });

  it('splits by season, month, tier and status without losing a row, and lines by book and lead as well', () => {
    const seen = evaluate(quoted, { ...options, to: '2024-01-05', surroundings: SURROUNDINGS });
    const ridge = of(seen, 'ridge');
    for (const groups of Object.values(ridge.by ?? {}))
      expect(Object.values(groups).reduce((sum, { n }) => sum + n, 0)).toBe(ridge.n);
    for (const groups of Object.values(ridge.at_lines?.by ?? {})) {
      const all = Object.values(groups);
      expect(all.reduce((sum, { n }) => sum + n, 0)).toBe(ridge.line?.n);
      expect(all.reduce((sum, { sides }) => sum + sides.profit, 0)).toBeCloseTo(
        ridge.at_lines?.sides.profit ?? Number.NaN,
        6,
      );
    }
    const keys = (groups: object | undefined): string[] => Object.keys(groups ?? {});
    expect(keys(ridge.by?.month)).toEqual(['2023-12', '2024-01']);
    expect(keys(ridge.by?.season)).toEqual(['2023-24']);
    expect(keys(ridge.by?.tier)).toEqual(['under 8', '8 to 12', '12 to 18', '18 to 25', '25 and more']);
    expect(keys(ridge.by?.status)).toEqual(['questionable', 'unlisted']);
    expect(keys(ridge.at_lines?.by.book)).toEqual(['draftkings', 'fanduel']);
    expect(keys(ridge.at_lines?.by.lead)).toEqual(['under 1 h', '3 to 8 h', 'no time']);
    expect([of(seen, 'ewma8').by, of(seen, 'ewma8').at_lines]).toEqual([null, null]);
  });

  it('counts a bet at its price, at the usual one where there is none, and a push as nothing', () => {
    const at = (overPrice: number | null) =>
      evaluate(quoted, {
        ...brief,
        surroundings: { ...SURROUNDINGS, quote: () => ({ ...QUOTE, overPrice }) },
        advise: (opinions) => opinions.map((_, i) => ({ side: 'over', isPick: i % 10 === 0 })),
      }).at_lines;
    const [even, none] = [at(100), at(null)];
    const { wins = 0, losses = 0, pushes = 0 } = even?.sides ?? {};
    expect(even?.sides).toMatchObject({
      profit: wins - losses,
      break_even: 0.5,
      priced: wins + losses + pushes,
    });
    expect(none?.sides.profit).toBeCloseTo((wins * 100) / 110 - losses, 9);
    expect(none?.sides).toMatchObject({ priced: 0, hit_rate: wins / (wins + losses) });
    expect(none?.sides.low).toBeLessThan(wins / (wins + losses));
    expect(even?.picks.bets).toBe(Math.ceil((wins + losses + pushes) / 10));
    expect(even?.sides.per_bet?.mean).toBeCloseTo((wins - losses) / (wins + losses + pushes), 9);
  });

  it('finds the model better than the baseline, with an interval below zero, and well calibrated', () => {
    const ridge = of(report, 'ridge');
    expect(ridge.against.ewma8.crps.high).toBeLessThan(0);
    expect(ridge.crps).toBeLessThan(of(report, 'ewma8').crps);
    expect(ridge.against.ewma8.crps.mean).toBeCloseTo(ridge.crps - of(report, 'ewma8').crps, 9);
    expect(Math.abs(ridge.coverage80 - 0.8)).toBeLessThan(0.03);
    expect(of(report, 'ewma8').against.ewma8.crps).toMatchObject({ mean: 0, low: 0, high: 0 });
  });

  it('holds every system against the line on the same rows: its median, and what it believes against the price', () => {
    const market = of(report, 'market');
    expect(market.n).toBeLessThan(report.rows);
    expect(report.cannot).toEqual({ market: { no_line: report.rows - market.n } });
    const { line } = market.against;
    expect(line?.n).toBe(market.n);
    expect(market.line?.brier).toBeLessThan(0.26);
    // Without prices a line says one half.
    expect(line?.brier.mean).toBeCloseTo((market.line?.brier ?? Number.NaN) - 0.25, 9);
    const priced = evaluate({ ...set, marketOver: set.target.map(() => 0.6) }, brief);
    const { line: scores, against } = of(priced, 'ridge');
    expect(against.line?.brier.mean).toBeCloseTo(
      (scores?.brier ?? Number.NaN) - (scores?.market_brier ?? Number.NaN),
      9,
    );
  });

  it('scores what was said of the presence of players', () => {
    const presence = [0.2, 0.25, 0.9, 0.95].map((pPlays, i) => ({
      slate: '2023-12-15',
      status: i < 2 ? 'questionable' : 'unlisted',
      pPlays,
      played: i !== 0 && i !== 3,
    }));
    expect(report.plays).toBeNull();
    const { plays } = evaluate(set, { ...options, to: '2023-12-16', presence });
    expect(plays).toMatchObject({ n: 4, climatology: 0.25 });
    expect(plays?.brier).toBeCloseTo((0.04 + 0.5625 + 0.01 + 0.9025) / 4, 9);
    expect(plays?.bins.map(({ n, played }) => [n, played])).toEqual([
      [2, 0.5],
      [2, 0.5],
    ]);
    expect(plays?.by_status['questionable']).toMatchObject({ n: 2, claimed: 0.225, played: 0.5 });
  });

  it('gives the same report again, and another one when the past is scrambled', () => {
    expect(evaluate(set, brief)).toEqual(briefly);
    const start = firstRowAt(set, '2023-12-01');
    const random = seededRandom(5);
    const past = {
      ...set,
      target: set.target.map((y, row) => (row < start ? Math.floor(30 * random()) : y)),
    };
    expect(of(evaluate(past, brief), 'ridge').crps).toBeGreaterThan(of(briefly, 'ridge').crps);
  });

  it('does not change when what follows its last date is scrambled', () => {
    const end = firstRowAt(set, '2024-01-01');
    const random = seededRandom(6);
    const future = {
      ...set,
      target: set.target.map((y, row) => (row < end ? y : Math.floor(60 * random()))),
    };
    expect(evaluate(future, brief)).toEqual(briefly);
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
    const seen = evaluate(unlined, brief);
    expect(seen.markets.map((one) => one.system)).toEqual(['ewma8', 'minutes_rate']);
    expect(seen.cannot['ridge']).toEqual({ 'missing_features opp_pace': seen.rows });
  });

  it('counts the rows of a season opening that had too little history, and starts after them', () => {
    const opening = evaluate(set, { ...brief, from: '2023-10-24' });
    expect(opening.rows_without_model).toBeGreaterThan(0);
    expect(opening.rows).toBeGreaterThan(briefly.rows);
    expect(briefly.rows_without_model).toBe(0);
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
