import { describe, expect, it } from 'vitest';
import { lineValue } from '#core/line.ts';
import { simulateLeague } from '#simulate/league.ts';
import { groupBy, mean, standardDeviation } from './league-checks.ts';

const { tables } = simulateLeague({ seed: 1, scenario: { noStatusFeed: true } });
const teams = tables.teamBoxScores.filter((row) => row.season_type === 'regular');
const regular = tables.playerBoxScores.filter((row) => row.season_type === 'regular');
const played = regular.filter((row) => row.played);

/** Exponentially weighted mean of a list, newest last; the weight of a game falls by `keep` with every game after it. */
function decayed(values: readonly number[], keep: number): number {
  let [sum, weights, weight] = [0, 0, 1];
  for (const x of values.toReversed()) {
    sum += weight * x;
    weights += weight;
    weight *= keep;
  }
  return sum / weights;
}

interface Forecast {
  readonly key: string;
  readonly actual: number;
  readonly ewma8: number;
  readonly season: number;
  readonly minutesRate: number;
}

/** Forecasts from earlier games of the same season, for players with five of them and ten expected minutes. */
const forecasts: Forecast[] = [
  ...groupBy(played, (row) => `${row.season} ${row.player_id}`).values(),
].flatMap((games) => {
  const points = games.map((row) => row.points ?? 0);
  const minutes = games.map((row) => row.minutes ?? 0);
  return games.flatMap((row, i): Forecast[] => {
    const [past, time] = [points.slice(0, i), minutes.slice(0, i)];
    if (i < 5 || decayed(time, 0.75) < 10) return [];
    const rate = decayed(past, 0.94) / decayed(time, 0.94);
    const [ewma8, season] = [decayed(past, 7 / 9), mean(past)];
    return [
      {
        key: `${row.slate} ${row.player_lookup}`,
        actual: row.points ?? 0,
        ewma8,
        season,
        minutesRate: rate * decayed(time, 0.75),
      },
    ];
  });
});

function error(of: (forecast: Forecast) => number, rows: readonly Forecast[] = forecasts): number {
  return mean(rows.map((row) => Math.abs(of(row) - row.actual)));
}

describe('a full simulated league looks like the real one', () => {
  it('in team points', () => {
    for (const season of ['2023-24', '2024-25']) {
      const points = teams.filter((row) => row.season === season).map((row) => row.points ?? 0);
      expect(points.length).toBe(2460);
      expect(mean(points)).toBeGreaterThan(112);
      expect(mean(points)).toBeLessThan(116);
      expect(standardDeviation(points)).toBeGreaterThan(11);
      expect(standardDeviation(points)).toBeLessThan(13.5);
    }
  });

  it('in home advantage, overtimes and what teams win', () => {
    const home = teams.filter((row) => row.is_home);
    expect(mean(home.map((row) => (row.won === true ? 1 : 0)))).toBeGreaterThan(0.52);
    expect(mean(home.map((row) => (row.won === true ? 1 : 0)))).toBeLessThan(0.6);
    const overtimes = mean(home.map((row) => ((row.minutes ?? 0) > 240 ? 1 : 0)));
    expect(overtimes).toBeGreaterThan(0.015);
    expect(overtimes).toBeLessThan(0.08);
    const wins = [...groupBy(teams, (row) => `${row.season} ${row.team_abbr}`).values()].map(
      (rows) => rows.filter((row) => row.won).length,
    );
    expect(Math.max(...wins)).toBeGreaterThan(50);
    expect(Math.min(...wins)).toBeLessThan(30);
  });

  it('in the size of rotations and the minutes of starters', () => {
    const sides = [...groupBy(regular, (row) => `${row.game_id} ${row.team_abbr}`).values()];
    const rotation = mean(sides.map((rows) => rows.filter((row) => (row.minutes ?? 0) >= 8).length));
    expect(rotation).toBeGreaterThan(9);
    expect(rotation).toBeLessThan(10);
    const starters = mean(played.filter((row) => row.is_starter).map((row) => row.minutes ?? 0));
    expect(starters).toBeGreaterThan(30);
    expect(starters).toBeLessThan(33);
  });

  it('in the scorers it has', () => {
    const averages = [...groupBy(played, (row) => `${row.season} ${row.player_id}`).values()]
      .filter((games) => games.length >= 40)
      .map((games) => mean(games.map((row) => row.points ?? 0)));
    expect(Math.max(...averages)).toBeGreaterThan(25);
    expect(Math.max(...averages)).toBeLessThan(36);
    expect(averages.filter((average) => average >= 20).length / 2).toBeGreaterThan(20);
  });

  it('in what simple forecasts achieve: minutes times rate beats the season mean', () => {
    expect(forecasts.length).toBeGreaterThan(35_000);
    expect(error(({ ewma8 }) => ewma8)).toBeGreaterThan(4.3);
    expect(error(({ ewma8 }) => ewma8)).toBeLessThan(5.3);
    expect(error(({ minutesRate }) => minutesRate)).toBeLessThan(error(({ season }) => season) - 0.03);
  });

  it('in its closing lines: unbiased, and better than a plain average on the same games', () => {
    const closing = new Map<string, number>(
      tables.playerLines
        .filter((row) => row.market === 'points' && row.bookmaker === 'northline')
        .map((row) => [`${row.slate} ${row.player_lookup}`, lineValue(row.line)] as const),
    );
    const quoted = forecasts.filter(({ key }) => closing.has(key));
    const line = ({ key }: Forecast): number => closing.get(key) ?? Number.NaN;
    expect(quoted.length).toBeGreaterThan(25_000);
    expect(error(line, quoted)).toBeGreaterThan(4.6);
    expect(error(line, quoted)).toBeLessThan(5.2);
    expect(error(line, quoted)).toBeLessThan(error(({ ewma8 }) => ewma8, quoted) - 0.1);
    const over = mean(quoted.map((row) => (row.actual > line(row) ? 1 : row.actual < line(row) ? 0 : 0.5)));
    expect(over).toBeGreaterThan(0.47);
    expect(over).toBeLessThan(0.53);
  });

  it.each(['rebounds', 'assists'] as const)('in its lines on %s', (market) => {
    const actual = new Map(
      played.map((row) => [`${row.slate} ${row.player_lookup}`, market === 'rebounds' ? row.reb : row.ast]),
    );
    const sides = tables.playerLines
      .filter((row) => row.market === market)
      .map((row) => (actual.get(`${row.slate} ${row.player_lookup}`) ?? Number.NaN) - lineValue(row.line))
      .filter((difference) => !Number.isNaN(difference));
    const over = mean(sides.map((difference) => (difference > 0 ? 1 : 0)));
    expect(over).toBeGreaterThan(0.46);
    expect(over).toBeLessThan(0.54);
  });

  it('in absences and trades', () => {
    const games = [...groupBy(played, (row) => `${row.season} ${row.player_id}`).values()];
    const traded = games.filter((rows) => new Set(rows.map((row) => row.team_abbr)).size > 1);
    expect(traded.length).toBeGreaterThan(10);
    expect(regular.filter((row) => row.dnp_reason === 'NWT - Trade Pending').length).toBeGreaterThan(10);
    expect(regular.filter((row) => row.dnp_reason === 'DND - Rest').length).toBeGreaterThan(20);
    const regulars = games
      .filter((rows) => mean(rows.map((row) => row.minutes ?? 0)) > 25)
      .map((rows) => rows.length);
    expect(mean(regulars)).toBeLessThan(75);
  });
});
