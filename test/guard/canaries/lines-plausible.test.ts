import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { playerPropLines } from '#core/contracts/nba_analytics.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const SLATE = '2025-01-11';
const USUAL = 12;
const BOOKS = ['eastbook', 'northline', 'westbook'];

describe('lines_plausible', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    await world.warehouse.append(schedule, [gameRow(SLATE, 0, '2025-01-12T00:00:00.000Z')]);
  });
  afterEach(() => world.close());

  /** The players of some games, each with a usual line at three books that is so far from his average; the first may be another case. */
  const quote = async (
    games: number,
    players: number,
    away: number,
    first: {
      readonly away?: number;
      readonly games_season?: number;
      readonly days_since_played?: number;
    } = {},
  ): Promise<void> => {
    const all = Array.from({ length: games * players }, (_, i) => ({
      player_id: 1 + i,
      game_id: `game${i % games}`,
      home: `H${i % games}`,
      // The players differ from each other, and on average they do not.
      average: USUAL + (i % 2 === 0 ? 0.5 : -0.5),
      away: (i === 0 ? first.away : undefined) ?? away,
      games_season: (i === 0 ? first.games_season : undefined) ?? 20,
      days_since_played: (i === 0 ? first.days_since_played : undefined) ?? 2,
    }));
    await world.warehouse.append(
      mlFeatureStore,
      all.map(({ player_id, game_id, average, games_season, days_since_played }) => ({
        slate: SLATE,
        player_id,
        game_id,
        season: '2024-25',
        season_type: 'regular',
        team_abbr: 'AAA',
        opponent_abbr: 'BBB',
        feature_sources: '{}',
        feature_quality_score: 100,
        matchup_quality_pct: 100,
        required_default_count: 0,
        default_feature_count: 0,
        quality_alert_level: 'ok',
        is_quality_ready: true,
        games_season,
        days_since_played,
        pts_season: average,
      })),
    );
    await world.warehouse.append(
      playerPropLines,
      all.flatMap(({ player_id, game_id, home, average, away: own }) =>
        BOOKS.map((bookmaker) => ({
          slate: SLATE,
          game_id,
          home_abbr: home,
          away_abbr: 'AAA',
          market: 'points',
          bookmaker,
          player_id,
          player_lookup: `player${player_id}`,
          resolution: 'resolved',
          line: String(average + own),
          snapshot_quality: 'exact',
          cutoff_at: `${SLATE}T23:00:00Z`,
        })),
      ),
    );
  };

  /** Rebounds of players who differ from each other, at three books. */
  const quoteRebounds = async (
    lineOf: (average: number, i: number, bookmaker: string) => number,
    pricesOf: (i: number) => readonly [number, number] = (i) => [-110 - (i % 4), -112 + (i % 5)],
  ): Promise<void> => {
    const players = Array.from({ length: 20 }, (_, i) => ({ id: 1 + i, average: 3 + (i % 10) }));
    await quote(1, 20, 0);
    await world.warehouse.execute(
      `UPDATE nba_predictions.ml_feature_store SET reb_season = 3 + MOD(player_id - 1, 10) WHERE slate = CAST('${SLATE}' AS DATE)`,
    );
    await world.warehouse.append(
      playerPropLines,
      players.flatMap(({ id, average }, i) =>
        BOOKS.map((bookmaker) => {
          const [over_price, under_price] = pricesOf(i);
          return {
            slate: SLATE,
            game_id: 'game0',
            home_abbr: 'H0',
            away_abbr: 'AAA',
            market: 'rebounds',
            bookmaker,
            player_id: id,
            player_lookup: `player${id}`,
            resolution: 'resolved',
            line: String(lineOf(average, i, bookmaker)),
            over_price,
            under_price,
            snapshot_quality: 'exact',
            cutoff_at: `${SLATE}T23:00:00Z`,
          };
        }),
      ),
    );
  };
  const atEastbook = (name: string): readonly string[] => [`eastbook rebounds ${name}`];
  const atAllBooks = (name: string): readonly string[] => BOOKS.map((book) => `${book} rebounds ${name}`);

  /** Twelve players at a book and the others, who agree that OVER is likelier for every other one. */
  const atPrices = (i: number): readonly [number, number] =>
    i % 2 === 0 ? [-140 - i, 112 + i] : [112 + i, -140 - i];

  test.each([
    ['as the others', false, []],
    ['with the two exchanged', true, ['eastbook rebounds prices against the other books']],
  ] as const)('prices of one book %s', async (_name, isExchanged, offenders) => {
    await quoteRebounds((average) => average, atPrices);
    if (isExchanged)
      await world.warehouse.execute(
        "UPDATE nba_analytics.player_prop_lines SET over_price = under_price, under_price = over_price WHERE bookmaker = 'eastbook' AND market = 'rebounds'",
      );
    expect(await failing()).toEqual(offenders);
  });

  test.each([
    ['two games 2.7 points above: who comes back takes from the others', 2, 12, 2.7, []],
    ['two games 2.8 points above', 2, 12, 2.8, ['points lines against the fortnight before']],
    ['five games 1.7 points below', 5, 12, -1.7, []],
    ['five games 2 points below', 5, 12, -2, ['points lines against the fortnight before']],
    ['eleven players 5 points above: the luck of a few', 1, 11, 5, []],
  ])('%s their own lines of the days before', async (_name, games, players, moved, offenders) => {
    await quote(games, players, 0);
    const columns = Object.keys(playerPropLines.columns);
    for (const days of [3, 9]) {
      const earlier = addDays(parseSlate(SLATE), -days);
      const values = columns.map((name) =>
        name === 'slate'
          ? `CAST('${earlier}' AS DATE)`
          : name === 'line'
            ? `CAST(line - ${moved} AS NUMERIC)`
            : name,
      );
      await world.warehouse.execute(
        `INSERT INTO nba_analytics.player_prop_lines (${columns.join(', ')}) SELECT ${values.join(', ')} FROM nba_analytics.player_prop_lines WHERE slate = CAST('${SLATE}' AS DATE)`,
      );
    }
    expect(await failing()).toEqual(offenders);
  });

  test.each([
    ['usual', (average: number) => average, []],
    ['moved by what books differ in', (average: number, i: number) => average + (i % 3) / 2 - 0.5, []],
    ['one for all', () => 5.5, atAllBooks('against the players')],
    ['of other players', (_: number, i: number) => 3 + ((7 * i + 5) % 10), atAllBooks('against the players')],
    ['of one half', (average: number) => average / 2, ['rebounds lines of the slate']],
    [
      'of one half at one book',
      (average: number, _: number, book: string) => (book === 'eastbook' ? average / 2 : average),
      atEastbook('against the other books'),
    ],
  ] as const)('rebounds with lines %s', async (_name, lineOf, offenders) => {
    await quoteRebounds(lineOf);
    expect(await failing()).toEqual(offenders);
  });

  test.each([
    ['without a margin', (i: number) => [240 + i, 250 - i] as const],
    ['equal for all', () => [-110, -110] as const],
  ])('rebounds with prices %s', async (_name, pricesOf) => {
    await quoteRebounds((average) => average, pricesOf);
    expect(await failing()).toEqual(atAllBooks('prices'));
  });

  const failing = async (): Promise<readonly string[]> =>
    (
      await runCanaries(world, {
        canaries: [canaryNamed('lines_plausible')],
        asOf: new Date(`${SLATE}T23:30:00Z`),
      })
    ).results[0]?.offenders.map((offender) => offender.replace(/:.*/, '')) ?? [];

  test.each([
    ['eight players of a game 5.4 above: absences move few players far', 1, 8, 5.4, []],
    ['seventeen players of a game 3.1 above', 1, 17, 3.1, []],
    ['two games 3.1 above', 2, 15, 3.1, []],
    ['four games 2.4 above', 4, 12, 2.4, []],
  ])('%s is silent', async (_name, games, players, away, offenders) => {
    await quote(games, players, away);
    expect(await failing()).toEqual(offenders);
  });

  test.each([
    ['eight players of a game 5.6 above', 1, 8, 5.6, ['lines of H0’s game', 'lines of the slate']],
    ['a game 4.1 below', 1, 17, -4.1, ['lines of H0’s game', 'lines of the slate']],
    ['two games 3.3 above', 2, 15, 3.3, ['lines of the slate']],
    ['four games 2.6 below', 4, 12, -2.6, ['lines of the slate']],
  ])('%s is told', async (_name, games, players, away, offenders) => {
    await quote(games, players, away);
    expect(await failing()).toEqual(offenders);
  });

  test.each([
    ['ten games, 16.5 above', 10, 2, 16.5, 1],
    ['ten games, 15.5 above', 10, 2, 15.5, 0],
    ['nine games, 20.5 above', 9, 2, 20.5, 1],
    ['nine games, 19.5 above: a few games say little of his average', 9, 2, 19.5, 0],
    ['thirty games, 16.5 below, who played two weeks ago', 30, 14, -16.5, 1],
    ['thirty games, 16.5 below, who is back after 24 days: his minutes are restricted', 30, 24, -16.5, 0],
    ['thirty games, 20.5 below, who is back after 24 days', 30, 24, -20.5, 1],
  ])('a player of %s', async (_name, games_season, days_since_played, away, told) => {
    await quote(4, 12, 0, { away, games_season, days_since_played });
    expect(await failing()).toHaveLength(told);
  });
});
