import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { type PlayerBoxScore, playerBoxScores } from '#core/contracts/nba_raw.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { loadLeague } from '#simulate/league.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

/** A night of four games. */
const SLATE = parseSlate('2024-12-08');

describe('the box scores of last night', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await emptyWorld('2024-12-09T17:00:00Z');
    const league = simulatedLeague({
      seed: 11,
      seasons: ['2024-25'],
      teams: 12,
      gamesPerTeam: 32,
      through: '2024-12-09',
    });
    await loadLeague(world.warehouse, league, { clock: world.clock });
    const games = new Set(
      league.tables.playerBoxScores.flatMap(({ slate, game_id }) => (slate === SLATE ? [game_id] : [])),
    );
    await world.warehouse.append(
      schedule,
      [...games].map((game_id) => ({ ...gameRow(SLATE, 0, '2024-12-09T00:00:00.000Z'), game_id })),
    );
  });
  afterAll(() => world.close());

  const asked = async (check: string) =>
    (
      await runCanaries(world, {
        canaries: [canaryNamed(check)],
        asOf: world.clock.now(),
      })
    ).results[0];

  test.each(['results_plausible', 'box_rows_plausible'])('are passed as they were by %s', async (check) => {
    expect(await asked(check)).toMatchObject({ status: 'pass', offenders: [] });
  });

  test('may not have the box of a team that did not play in the game', async () => {
    const [first, second] = await world.warehouse.query<{ team_abbr: string }>(
      `SELECT MIN(team_abbr) AS team_abbr FROM nba_raw.team_box_scores WHERE slate = CAST('${SLATE}' AS DATE) GROUP BY game_id ORDER BY game_id`,
    );
    const exchange = (): Promise<number> =>
      world.warehouse.execute(
        `UPDATE nba_raw.team_box_scores SET team_abbr = CASE WHEN team_abbr = @first THEN @second ELSE @first END
         WHERE slate = CAST('${SLATE}' AS DATE) AND team_abbr IN (@first, @second)`,
        { first: first?.team_abbr ?? '', second: second?.team_abbr ?? '' },
      );
    expect(await exchange()).toBe(2);
    const stranger = expect.stringMatching(/^[A-Z]{3} \d{10}: none of its players played in this game$/);
    expect(await asked('team_counts')).toMatchObject({ status: 'fail', offenders: [stranger, stranger] });
    await exchange();
    expect(await asked('team_counts')).toMatchObject({ status: 'pass' });
  });

  test.each([1, -1, 365])('may not be of another date in the boxes of teams: %d days later', async (days) => {
    const shift = (by: number): Promise<number> =>
      world.warehouse.execute(
        `UPDATE nba_raw.team_box_scores SET slate = fn.add_days(slate, ${by})
         WHERE game_id IN (SELECT game_id FROM nba_reference.schedule WHERE slate = CAST('${SLATE}' AS DATE))`,
      );
    const moved = await shift(days);
    expect(moved).toBeGreaterThan(2);
    const dated = new RegExp(
      `^[A-Z]{3} \\d{10}: nba_raw\\.team_box_scores has it on ${addDays(SLATE, days)}, it was played on ${SLATE}$`,
    );
    const { status, offenders = [] } = (await asked('team_counts')) ?? {};
    expect({ status, offenders }).toEqual({
      status: 'fail',
      offenders: offenders.map(() => expect.stringMatching(dated)),
    });
    expect(offenders).toHaveLength(moved);
    await shift(-days);
    expect(await asked('team_counts')).toMatchObject({ status: 'pass' });
  });

  /** Adds so many of every team, or of one game, who are listed as if they had played and did nothing; returns what is told. */
  const withBench = async (perTeam: number, where = 'TRUE'): Promise<readonly string[]> => {
    const zeros = 'fgm, fga, fg3m, fg3a, ftm, fta, oreb, dreb, reb, ast, stl, blk, tov, pf, points, minutes';
    const columns = Object.keys(playerBoxScores.columns);
    // Others than those who played: their names and ids differ, and so do their rows.
    const own: Readonly<Record<string, string>> = {
      player_id: "CAST(player_id || '99' AS INT64)",
      player_lookup: "player_lookup || 'bench'",
      row_id: "row_id || '99'",
    };
    const values = columns.map((name) => (zeros.split(', ').includes(name) ? '0' : (own[name] ?? name)));
    await world.warehouse.execute(
      `INSERT INTO nba_raw.player_box_scores (${columns.join(', ')})
       SELECT ${values.join(', ')} FROM nba_raw.player_box_scores
       WHERE slate = CAST('${SLATE}' AS DATE) AND played AND ${where} QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, team_abbr ORDER BY player_id) <= ${perTeam}`,
    );
    const { offenders } = (await asked('box_rows_plausible')) ?? {};
    await world.warehouse.execute(
      "DELETE FROM nba_raw.player_box_scores WHERE row_id LIKE '%99' AND minutes = 0",
    );
    return offenders ?? [];
  };

  test('may not list a bench as if it had played', async () => {
    expect(await withBench(2)).toEqual([
      'players who did nothing in less than a minute: 16 of 8 teams; did the source begin to list who did not play?',
    ]);
  });

  test('may not list the benches of one game, and six who came in for the last seconds are none', async () => {
    const first = `game_id = (SELECT MIN(game_id) FROM nba_raw.player_box_scores WHERE slate = CAST('${SLATE}' AS DATE))`;
    const idle = async (perTeam: number): Promise<readonly string[]> =>
      (await withBench(perTeam, first)).filter((offender) => offender.includes('did nothing'));
    expect(await idle(3)).toEqual([]);
    expect(await idle(4)).toEqual([
      expect.stringMatching(/^0022\d+ players who did nothing in less than a minute: 8 of \d+ players$/),
    ]);
  });

  // The boxes of the teams agree with the players when both come from one feed, and every column is as full as ever.
  test.each([
    ['stl', 'blk'],
    ['reb', 'ast'],
    ['stl', 'tov'],
  ])('exchange no two columns unnoticed: %s and %s', async (a, b) => {
    const exchange = `UPDATE nba_raw.player_box_scores SET ${a} = ${b}, ${b} = ${a} WHERE slate = CAST('${SLATE}' AS DATE)`;
    await world.warehouse.execute(exchange);
    const { offenders } = (await asked('results_plausible')) ?? {};
    await world.warehouse.execute(exchange);
    expect(offenders).toContain(`${a} and ${b}: each player has of the one what he usually has of the other`);
  });

  test('of one game may have as few steals as chance gives it, and no other unit', async () => {
    const box = `nba_raw.player_box_scores WHERE slate = CAST('${SLATE}' AS DATE)`;
    const all = await world.warehouse.query<PlayerBoxScore>(`SELECT * FROM ${box}`);
    await world.warehouse.execute(`DELETE FROM ${box} AND game_id <> (SELECT MIN(game_id) FROM ${box})`);
    const set = (value: string): Promise<number> =>
      world.warehouse.execute(
        `UPDATE nba_raw.player_box_scores SET ${value} WHERE slate = CAST('${SLATE}' AS DATE) AND played`,
      );
    await set('stl = CASE WHEN MOD(player_id, 5) = 0 THEN 1 ELSE 0 END');
    const ofChance = await asked('results_plausible');
    await set('minutes = minutes * 60');
    const ofUnit = await asked('results_plausible');
    await world.warehouse.execute(`DELETE FROM ${box}`);
    await world.warehouse.append(playerBoxScores, all);
    expect(ofChance?.offenders).toEqual([]);
    expect(ofUnit?.offenders).toEqual([expect.stringMatching(/^minutes: mean \d+/)]);
  });
});
