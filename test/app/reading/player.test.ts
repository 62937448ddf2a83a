import { beforeEach, describe, expect, it } from 'vitest';
import { publicationDifference } from '#app/reading/difference.ts';
import { findPlayer, type KnownPlayer, playerHistory, playerStanding } from '#app/reading/player.ts';
import { addDays } from '#core/calendar.ts';
import { playerGameSummary, playerPropLines } from '#core/contracts/nba_analytics.ts';
import { players as known } from '#core/contracts/nba_reference.ts';
import { undoPublication } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const newWorld = predictionWorlds();
let world: PredictionWorld;
const NAMES = ['Ada Alpha', 'Ben Alpha', 'Luka Dončić', 'Cal Gamma', 'Dan Delta', 'Eve Epsilon'];

async function worldWithNames(): Promise<PredictionWorld> {
  const made = await newWorld([
    ...players(3),
    { id: 4, context: { injury_status: 'out', injury_reason: 'knee' } },
    { id: 5, features: null },
  ]);
  await made.warehouse.append(
    known,
    NAMES.map((player_name, i) => ({
      player_id: i + 1,
      player_name,
      player_lookup: player_name
        .normalize('NFKD')
        .replace(/[^a-z]/gi, '')
        .toLowerCase(),
      first_slate: '2024-10-22',
      last_slate: addDays(SLATE, -i),
    })),
  );
  return made;
}

const standing = async (name: string) => {
  const { warehouse, deps } = world;
  return playerStanding({ warehouse, state: deps.state }, await findPlayer(warehouse, name, SLATE), SLATE);
};

beforeEach(async () => {
  world = await worldWithNames();
});

describe('a player', () => {
  it.each([
    ['an id', '3'],
    ['a name without accents', 'luka doncic'],
    ['a name turned round', 'Doncic, Luka'],
    ['a part of the name', 'donc'],
  ])('is found by %s', async (_what, text) => {
    expect((await findPlayer(world.warehouse, text, SLATE)).player_id).toBe(3);
  });

  it('is the one who plays tonight, when only one of several does', async () => {
    await world.warehouse.execute(
      'DELETE FROM nba_analytics.upcoming_player_game_context WHERE player_id = 2',
    );
    expect((await findPlayer(world.warehouse, 'alpha', SLATE)).player_id).toBe(1);
  });

  it.each([
    ['nobody', 'zeta', 'TIPOFF_NOT_FOUND'],
    ['nothing', ' - ', 'TIPOFF_NOT_FOUND'],
    ['several', 'alpha', 'TIPOFF_BAD_INPUT'],
  ])('is refused for a text that fits %s', async (_what, text, code) => {
    await expect(findPlayer(world.warehouse, text, SLATE)).rejects.toMatchObject({ code });
  });

  it('is guessed from a slip of the hand', async () => {
    await expect(findPlayer(world.warehouse, 'Luka Donkic', SLATE)).rejects.toMatchObject({
      code: 'TIPOFF_NOT_FOUND',
      hint: expect.stringMatching(/^Did you mean Luka Dončić\? /),
    });
  });
});

describe('where a player is', () => {
  it('waits before a batch has looked at him', async () => {
    expect(await standing('Ada Alpha')).toMatchObject({ state: 'waiting', batch: null, forecasts: [] });
  });

  it('is a pick, or skipped with the reason, after the batch', async () => {
    await runBatch(world.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    const ada = await standing('Ada Alpha');
    expect(ada.state).toBe('picked');
    expect(ada.forecasts.map(({ market, line }) => [market, line])).toEqual([['points', '5.5']]);
    expect(await standing('Cal Gamma')).toMatchObject({
      state: 'skipped',
      summary: 'Cal Gamma was skipped: the newest status before the cut-off says out or doubtful.',
    });
    expect((await standing('Dan Delta')).batch).toMatchObject({ outcome: 'skipped', reason: 'no_features' });
  });

  it('is not the same as having no game', async () => {
    expect(await standing('Eve Epsilon')).toMatchObject({ state: 'not_expected', context: null });
    await world.warehouse.append(playerGameSummary, [game({ player_id: 6, team_abbr: 'CCC' })]);
    expect(await standing('Eve Epsilon')).toMatchObject({
      state: 'no_game',
      summary: 'CCC, his last team, has no game on 2025-01-10.',
    });
  });

  it('is not known when a book quotes him in a game of two other teams', async () => {
    await world.warehouse.append(playerGameSummary, [game({ player_id: 6, team_abbr: 'CCC' })]);
    await world.warehouse.append(playerPropLines, [
      {
        ...{ slate: SLATE, home_abbr: 'AAA', away_abbr: 'BBB', market: 'assists', bookmaker: 'book' },
        ...{ player_lookup: 'eveepsilon', player_id: 6, game_id: 'g1', resolution: 'resolved', line: '2.5' },
        ...{ snapshot_quality: 'exact', cutoff_at: `${SLATE}T23:00:00Z` },
      },
    ]);
    expect(await standing('Eve Epsilon')).toMatchObject({
      state: 'not_expected',
      summary:
        'Eve Epsilon is quoted in BBB@AAA on 2025-01-10, and no report, roster or box score says for which of the two he plays.',
    });
  });

  it('has the finished games with what he did, newest first, and no more than asked for', async () => {
    const days = [-5, -4, -3];
    await world.warehouse.append(
      playerGameSummary,
      days.map((day, i) =>
        game({ slate: addDays(SLATE, day), game_id: `g${i}`, points: 10 + i, reb: i, ast: 1 }),
      ),
    );
    const read = (market: string, games: number) =>
      playerHistory(world.warehouse, 1, { slate: SLATE, market, games });
    expect((await read('points', 2)).map(({ slate, actual }) => [slate, actual])).toEqual([
      [addDays(SLATE, -3), 12],
      [addDays(SLATE, -4), 11],
    ]);
    expect((await read('ra', 1))[0]?.actual).toBe(3);
  });
});

describe('the difference of two publications', () => {
  const publish = async (mode: 'FIRST' | 'LINE_UPDATE'): Promise<string> => {
    world.clock.advance(60_000);
    const { publication_id } = await runBatch(world.deps, { slate: SLATE, mode, by: 'test' });
    return publication_id ?? '';
  };
  const change = (set: string, id: number) =>
    world.warehouse.execute(`UPDATE nba_analytics.player_prop_lines SET ${set} WHERE player_id = ${id}`);

  it('says what changed, picks first, and what stayed the same', async () => {
    const first = await publish('FIRST');
    await change("line = '8.5'", 1);
    await change("line = '10'", 2);
    const second = await publish('LINE_UPDATE');
    const found = await publicationDifference(world.warehouse, SLATE, [undefined, undefined]);
    expect(found).toMatchObject({ before: first, after: second, compared: 3, same: 1 });
    expect(found.changes.map(({ kind, player_id }) => [kind, player_id])).toEqual([
      ['dropped', 2],
      ['line', 1],
    ]);
  });

  it('looks at what was visible at the time: one withdrawn later still counts', async () => {
    const first = await publish('FIRST');
    await change("line = '8.5'", 1);
    const second = await publish('LINE_UPDATE');
    world.clock.advance(60_000);
    await undoPublication(world.deps, { publicationId: second, by: 'test', reason: 'test' });
    expect((await publicationDifference(world.warehouse, SLATE, [first, second])).changes).toHaveLength(1);
  });

  it('has those gone that the later one took back', async () => {
    await publish('FIRST');
    await world.warehouse.execute(
      "UPDATE nba_analytics.upcoming_player_game_context SET injury_status = 'out' WHERE player_id = 1",
    );
    await publish('LINE_UPDATE');
    const { changes } = await publicationDifference(world.warehouse, SLATE, [undefined, undefined]);
    expect(changes.map(({ kind, player_id, after }) => [kind, player_id, after])).toEqual([
      ['gone', 1, null],
    ]);
  });

  it('needs two publications of the slate', async () => {
    const needs = (named: readonly [string | undefined, string | undefined]) =>
      expect(publicationDifference(world.warehouse, SLATE, named)).rejects.toMatchObject({
        code: 'TIPOFF_NOT_FOUND',
      });
    await needs([undefined, undefined]);
    const first = await publish('FIRST');
    await needs([undefined, undefined]);
    await needs([first, 'nope']);
  });
});

function game(change: Partial<Record<string, unknown>> & { readonly player_id?: number }) {
  const person: KnownPlayer = { player_id: 1, player_name: 'Ada Alpha', last_slate: SLATE };
  return {
    player_id: person.player_id,
    game_id: 'g',
    slate: addDays(SLATE, -2),
    season: '2024-25',
    season_type: 'regular',
    player_name: person.player_name,
    player_lookup: 'adaalpha',
    team_abbr: 'AAA',
    opponent_abbr: 'BBB',
    is_home: true,
    played: true,
    minutes: 30,
    points: 10,
    source: 'test',
    raw_row_id: 'r',
    ...change,
  };
}
