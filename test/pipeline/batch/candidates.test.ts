import { expect, it } from 'vitest';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { playerDailyCache } from '#core/contracts/nba_precompute.ts';
import { readCandidates } from '#pipeline/batch/plan.ts';
import { predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const predictionWorld = predictionWorlds();

/** Whether the features of a player who played last on one date, and whose features end with another, are said to be stale. */
async function isStale(played: string, known: string | null): Promise<boolean | undefined> {
  const { warehouse, clock } = await predictionWorld([{ id: 1 }]);
  const player = { player_id: 1, season: '2024-25', team_abbr: 'AAA' };
  await warehouse.append(playerGameSummary, [
    {
      ...{ ...player, slate: played, game_id: '0022400900', season_type: 'regular', opponent_abbr: 'BBB' },
      ...{
        player_name: 'Player 1',
        player_lookup: 'player1',
        is_home: true,
        source: 'test',
        raw_row_id: '1',
      },
      ...{ played: true, minutes: 30, points: 12 },
    },
  ]);
  await warehouse.append(playerDailyCache, [
    { ...player, slate: SLATE, last_played_on: known, games_last7: 0, minutes_last7: 0 },
  ]);
  const [candidate] = await readCandidates(warehouse, SLATE, clock.now());
  return candidate?.is_stale;
}

it.each([
  ['two days ago, and the features know it', '2025-01-08', '2025-01-08', false],
  ['two days ago, and the features end before', '2025-01-08', '2024-12-29', true],
  ['three weeks ago, and the features know it', '2024-12-20', '2024-12-20', false],
  ['three weeks ago, and the features end before', '2024-12-20', '2024-12-18', true],
  ['in the first month, and the features end before', '2024-10-30', '2024-10-28', true],
  ['three weeks ago for the first time, and the features know of no game', '2024-12-20', null, true],
])('a player who played last %s', async (_, played, known, expected) => {
  expect(await isStale(played, known)).toBe(expected);
});
