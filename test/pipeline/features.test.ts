import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONCEDED, COUNTED, FEATURES } from '#core/features.ts';
import type { Processor } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { itForSpread } from '#test/depth.ts';
import { compute, computedWorld, league, PROCESSORS } from './feature-world.ts';

const simulated = league();
const { slates } = simulated;
const first = slates[0] ?? '';

type Values = Record<string, number | null> & {
  slate: string;
  player_id: number;
  feature_sources: string;
  season: string;
  team_abbr: string;
};

async function featureRows(warehouse: Warehouse): Promise<Values[]> {
  return warehouse.query<Values>(
    `SELECT f.*, u.has_status_feed AS feed FROM nba_predictions.ml_feature_store f
     JOIN nba_analytics.upcoming_player_game_context u ON u.slate = f.slate AND u.player_id = f.player_id
     WHERE f.slate >= CAST(@first AS DATE) ORDER BY f.slate, f.player_id`,
    { first },
  );
}

/** Keys that a table holds more than once, for every table of the phases. */
async function doubledKeys(warehouse: Warehouse): Promise<string[]> {
  const found: string[] = [];
  for (const { table } of PROCESSORS) {
    const key = table.key.join(', ');
    const doubles = await warehouse.query(
      `SELECT ${key} FROM ${table.dataset}.${table.name} WHERE slate >= CAST(@first AS DATE) GROUP BY ${key} HAVING COUNT(*) > 1`,
      { first },
    );
    if (doubles.length > 0) found.push(table.name);
  }
  return found;
}

/**
 * What was counted against a team before a slate over what its opponents would be expected to have, from the raw games: each
 * player's rate as it stood before his game, shrunk to the league by 60 minutes; the ratio shrunk by 40 expected ones.
 */
function concededRatio(stat: string, team: string, slate: string): number {
  type Game = (typeof simulated.tables.playerBoxScores)[number];
  const played = simulated.tables.playerBoxScores.filter((row) => row.played && row.slate < slate);
  const count = (game: Game): number => Number(game[stat as keyof Game]);
  const year = (season: string): number => Number(season.slice(0, 4));
  const days = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;
  const byPlayer = Map.groupBy(played, ({ player_id }) => player_id);
  const byDay = [...Map.groupBy(played, (game) => game.slate)].map(([day, games]) => ({
    day,
    counted: games.reduce((sum, game) => sum + count(game), 0),
    minutes: games.reduce((sum, game) => sum + (game.minutes ?? 0), 0),
  }));
  /** Decayed sums of games in order, as they stand after the last and in a season. */
  const decayed = (
    games: readonly { readonly season: string; readonly values: readonly [number, number] }[],
    { halfLife, summer, season }: { halfLife: number; summer: number; season: string },
  ): readonly [number, number] => {
    let sums: [number, number] = [0, 0];
    let before = games[0]?.season ?? season;
    for (const game of games) {
      const fade = 0.5 ** (1 / halfLife) * summer ** (year(game.season) - year(before));
      sums = [sums[0] * fade + game.values[0], sums[1] * fade + game.values[1]];
      before = game.season;
    }
    const fade = summer ** (year(season) - year(before));
    return [sums[0] * fade, sums[1] * fade];
  };
  const expected = (game: Game): number => {
    let [counted, minutes] = [0, 0];
    for (const day of byDay) {
      if (day.day >= game.slate) continue;
      const weight = 0.985 ** days(day.day, game.slate);
      counted += weight * day.counted;
      minutes += weight * day.minutes;
    }
    if (minutes === 0) return Number.NaN;
    const own = (byPlayer.get(game.player_id) ?? []).filter((one) => one.slate < game.slate);
    const [had, on] = decayed(
      own.map((one) => ({ season: one.season, values: [count(one), one.minutes ?? 0] })),
      { halfLife: 32, summer: 0.35, season: game.season },
    );
    return ((game.minutes ?? 0) * (had + (60 * counted) / minutes)) / (on + 60);
  };
  const against = Map.groupBy(
    played.filter((game) => game.opponent_abbr === team),
    ({ game_id }) => game_id,
  );
  const games = [...against.values()].map((rows) => ({
    slate: rows[0]?.slate ?? '',
    season: rows[0]?.season ?? '',
    values: [
      rows.reduce((sum, row) => sum + count(row), 0),
      rows.reduce((sum, row) => sum + expected(row), 0),
    ] as const,
  }));
  const known = games
    .filter(({ values }) => Number.isFinite(values[1]))
    .sort((a, b) => a.slate.localeCompare(b.slate));
  const season = simulated.tables.playerBoxScores.find((row) => row.slate >= slate)?.season ?? '';
  const [had, due] = decayed(known, { halfLife: 16, summer: 0.25, season });
  return (had + 40) / (due + 40);
}

/** The first slate of the rows of each key. */
function firstSlates<T extends { readonly slate: string }>(
  rows: readonly T[],
  keyOf: (row: T) => string,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const row of rows) if ((found.get(keyOf(row)) ?? '9') > row.slate) found.set(keyOf(row), row.slate);
  return found;
}

/** Values out of nothing, and source letters that do not tell the truth about their value, worked out from the raw rows and not from the statements. */
function untruths(rows: readonly Values[]): string[] {
  const played = simulated.tables.playerBoxScores.filter((row) => row.played);
  const earliest = firstSlates(played, ({ player_id, season }) => `${player_id} ${season}`);
  const earliestEver = firstSlates(played, ({ player_id }) => `${player_id}`);
  const earliestShot = firstSlates(
    simulated.tables.shots,
    ({ player_id, season }) => `${player_id} ${season}`,
  );
  const found = new Set<string>();
  for (const row of rows) {
    const isBefore = (slates: ReadonlyMap<string, string>, key: string): boolean =>
      (slates.get(key) ?? '9') < row.slate;
    const hasHistory = isBefore(earliest, `${row.player_id} ${row.season}`);
    const hasEverPlayed = isBefore(earliestEver, `${row.player_id}`);
    const hasShot = isBefore(earliestShot, `${row.player_id} ${row.season}`);
    for (const [position, { name, group }] of FEATURES.entries()) {
      const isOwn = ['minutes', 'scoring', 'counts', 'volume'].includes(group) || name === 'three_rate';
      const isOfPlaces = ['paint_rate', 'mid_rate', 'zone_matchup'].includes(name);
      if (row[name] !== null && ((isOwn && !hasEverPlayed) || (isOfPlaces && !hasShot)))
        found.add(`${name}: a value out of nothing`);
      const letter = row.feature_sources[position];
      const isMissing = row[name] === null;
      if (isMissing !== (letter === 'm')) found.add(`${name}: ${letter} for ${row[name]}`);
      if (letter === 'f' && !row['feed']) found.add(`${name}: f without a feed`);
      if (
        letter === 'h' &&
        ['minutes', 'scoring', 'counts', 'volume'].includes(group) &&
        !hasHistory &&
        name !== 'games_season'
      ) {
        found.add(`${name}: h without a game this season`);
      }
    }
  }
  return [...found];
}

describe('feature rows', () => {
  let warehouse: Warehouse;
  let rows: Values[];
  beforeAll(async () => {
    warehouse = await computedWorld();
    rows = await featureRows(warehouse);
  });
  afterAll(() => warehouse.close());

  it('agree with a plain loop over the raw games', () => {
    const history = simulated.tables.playerBoxScores
      .filter((row) => row.played && ['regular', 'play_in', 'playoffs'].includes(row.season_type))
      .sort((a, b) => a.slate.localeCompare(b.slate));
    const sample = rows.filter((row, i) => i % 97 === 0 && (row['games_career'] ?? 0) > 0);
    expect(sample.length).toBeGreaterThan(20);
    for (const row of sample) {
      const games = history.filter((game) => game.player_id === row.player_id && game.slate < row.slate);
      const year = (season: string): number => Number(season.slice(0, 4));
      const decayed = (
        halfLife: number,
        value: (game: (typeof games)[number]) => number,
      ): { mean: number; weight: number } => {
        let [sum, weight, season] = [0, 0, games[0]?.season ?? row.season];
        for (const game of games) {
          const summer = 0.35 ** (year(game.season) - year(season));
          const step = 0.5 ** (1 / halfLife);
          [sum, weight, season] = [
            sum * step * summer + value(game),
            weight * step * summer + 1,
            game.season,
          ];
        }
        const summer = 0.35 ** (year(row.season) - year(season));
        return { mean: sum / weight, weight: weight * summer };
      };
      const points = (game: (typeof games)[number]): number => game.points ?? Number.NaN;
      const minutes = (game: (typeof games)[number]): number => game.minutes ?? Number.NaN;
      const season = games.filter((game) => game.season === row.season);
      const lastTen = games.slice(-10).map(points);
      const mean10 = lastTen.reduce((a, b) => a + b, 0) / lastTen.length;
      const sd10 = Math.sqrt(lastTen.reduce((a, b) => a + (b - mean10) ** 2, 0) / (lastTen.length - 1));
      expect(row['pts_ewma8']).toBeCloseTo(decayed(8, points).mean, 5);
      expect(row['min_ewma4']).toBeCloseTo(decayed(4, minutes).mean, 5);
      expect(row['fga_ewma32']).toBeCloseTo(decayed(32, (game) => game.fga ?? Number.NaN).mean, 5);
      expect(row['weight8']).toBeCloseTo(decayed(8, points).weight, 5);
      expect(row['games_career']).toBe(games.length);
      expect(row['games_season']).toBe(season.length);
      expect(row['min_last1']).toBe(minutes(games[games.length - 1] as (typeof games)[number]));
      if (lastTen.length >= 3) expect(row['pts_sd10']).toBeCloseTo(sd10, 5);
      else expect(row['pts_sd10']).toBeNull();
      const { mean: points32, weight: weight32 } = decayed(32, points);
      const league = row['league_ppm'] ?? Number.NaN;
      const rate = (weight32 * points32 + 60 * league) / (weight32 * decayed(32, minutes).mean + 60);
      expect(row['rate32']).toBeCloseTo(rate, 5);
      expect(row['minutes_rate']).toBeCloseTo(decayed(4, minutes).mean * rate, 4);
      for (const { stat } of COUNTED) {
        const counted = (game: (typeof games)[number]): number =>
          Number(game[stat as keyof (typeof games)[number]]);
        expect(row[`${stat}_ewma4`]).toBeCloseTo(decayed(4, counted).mean, 5);
        expect(row[`${stat}_ewma32`]).toBeCloseTo(decayed(32, counted).mean, 5);
        const ofSeason = season.map(counted);
        if (ofSeason.length > 0) {
          expect(row[`${stat}_season`]).toBeCloseTo(ofSeason.reduce((a, b) => a + b, 0) / ofSeason.length, 5);
        }
        expect(row[`${stat}_minutes_rate`]).toBeCloseTo(
          decayed(4, minutes).mean * (row[`${stat}_rate32`] ?? Number.NaN),
          4,
        );
      }
    }
  });

  it('count no summer as an absence: before the first game of his team nobody has missed one', () => {
    const played = simulated.tables.playerBoxScores.filter((row) => row.played);
    const opener = (row: Values): boolean =>
      !played.some(
        (game) => game.team_abbr === row.team_abbr && game.season === row.season && game.slate < row.slate,
      );
    const since = (row: Values): number | null => row['days_since_played'] ?? null;
    const second = rows.filter(({ season }) => season === '2024-25');
    const openers = second.filter((row) => opener(row) && (row['games_career'] ?? 0) > 0);
    expect(openers.length).toBeGreaterThan(50);
    expect([...new Set(openers.map(since))]).toEqual([5]);
    // Who was not there when it began has been away since the season before.
    const late = second.filter(
      (row) => !opener(row) && (row['games_career'] ?? 0) > 0 && row['games_season'] === 0,
    );
    expect(late.length).toBeGreaterThan(0);
    expect([...new Set(late.map(since))]).toEqual([60]);
  });

  it('hold what a defence allows over what its opponents would be expected to have', () => {
    const ends = [...new Set(rows.map(({ slate }) => slate))].at(-1) ?? '';
    const [row] = rows.filter(({ slate }) => slate === ends);
    const game = simulated.tables.playerBoxScores.find(
      ({ slate, player_id }) => slate === ends && player_id === row?.player_id,
    );
    const opponent = game?.opponent_abbr ?? '';
    for (const { stat } of CONCEDED) {
      expect(row?.[`opp_${stat}_ratio`], stat).toBeCloseTo(concededRatio(stat, opponent, ends), 4);
    }
  });

  it('hold the league’s points per minute, days weighted by 0.985', () => {
    const byDay = new Map<string, { points: number; minutes: number }>();
    for (const row of simulated.tables.teamBoxScores) {
      const day = byDay.get(row.slate) ?? { points: 0, minutes: 0 };
      byDay.set(row.slate, {
        points: day.points + (row.points ?? 0),
        minutes: day.minutes + (row.minutes ?? 0),
      });
    }
    const row = rows[Math.floor(rows.length / 2)];
    let [points, minutes] = [0, 0];
    for (const [slate, day] of byDay) {
      if (slate >= (row?.slate ?? '')) continue;
      const weight = 0.985 ** ((Date.parse(row?.slate ?? '') - Date.parse(slate)) / 86_400_000);
      points += weight * day.points;
      minutes += weight * day.minutes;
    }
    expect(row?.['league_ppm']).toBeCloseTo(points / minutes, 4);
  });

  it('name the source of every value truthfully, and hold each key once', async () => {
    expect(rows.length).toBeGreaterThan(500);
    expect(untruths(rows)).toEqual([]);
    expect(await doubledKeys(warehouse)).toEqual([]);
  });

  it('block a player without history and nobody with it', () => {
    for (const row of rows) {
      expect((row['required_default_count'] ?? 0) > 0, `${row.player_id} on ${row.slate}`).toBe(
        row['games_career'] === null || row['league_ppm'] === null,
      );
    }
  });
});

describe('planted defects', () => {
  const late = slates[slates.length - 5] ?? '';
  const planted = async <T>(
    change: (processor: Processor) => string,
    look: (warehouse: Warehouse) => Promise<T>,
    slate = late,
  ): Promise<T> => {
    const warehouse = await computedWorld();
    // What comes before the first changed statement is there already.
    const changed = PROCESSORS.findIndex((processor) => change(processor) !== processor.select);
    expect(changed).toBeGreaterThanOrEqual(0);
    try {
      await compute(warehouse, slate, slate, change, PROCESSORS.slice(changed));
      return await look(warehouse);
    } finally {
      await warehouse.close();
    }
  };

  it('a default disguised as a value is noticed', async () => {
    const found = await planted(
      ({ name, select }) =>
        name === 'MLFeatureStore'
          ? select.replaceAll("CASE WHEN u.has_status_feed THEN 'f' ELSE 'h' END", "'f'")
          : select.replace('s.report_at <= k.looked_at', 'FALSE'),
      async (warehouse) => untruths(await featureRows(warehouse)),
    );
    expect(found).toContain('freed_min: f without a feed');
  });

  itForSpread(
    [
      ['c.pts_season', 'COALESCE(c.pts_season, 10)', 'pts_season'],
      ['c.fga_ewma8', 'COALESCE(c.fga_ewma8, 5)', 'fga_ewma8'],
      ['z.paint_rate', 'COALESCE(z.paint_rate, 0.4)', 'paint_rate'],
      ['f.zone_matchup', 'COALESCE(f.zone_matchup, 0)', 'zone_matchup'],
    ] as const,
    2,
  )('%s with a league average in the place of nothing is noticed', async ([value, disguised, feature]) => {
    const found = await planted(
      ({ select }) => select.replace(`${value} AS ${feature}`, `${disguised} AS ${feature}`),
      async (warehouse) => untruths(await featureRows(warehouse)),
      first,
    );
    expect(found).toEqual([`${feature}: a value out of nothing`]);
  });

  it('a duplicated row is refused before it is written', async () => {
    const refused = planted(
      ({ name, select }) => (name === 'PlayerDailyCache' ? `${select} UNION ALL (${select})` : select),
      doubledKeys,
    );
    await expect(refused).rejects.toMatchObject({
      code: 'TIPOFF_SCHEMA_MISMATCH',
      message: expect.stringContaining('player_daily_cache'),
    });
  });
});
