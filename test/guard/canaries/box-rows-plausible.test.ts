import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { playerBoxScores } from '#core/contracts/nba_raw.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const [TEAM, OTHER] = ['BOS', 'NYK'];
const NAMES = ['ay', 'bee', 'cee', 'dee', 'eff', 'gee', 'aitch', 'eye'];

describe('box_rows_plausible', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    await world.warehouse.append(schedule, [{ ...gameRow('2024-11-28', 1), status: 'final' }]);
  });
  afterEach(() => world.close());

  /** A game of a team; `ids` are those that some of its players have in it. */
  const game = (slate: string, team_abbr: string, ids: Readonly<Record<string, number>> = {}) =>
    world.warehouse.append(
      playerBoxScores,
      NAMES.map((name, i) => ({
        game_id: `00224${slate.slice(5, 7)}${slate.slice(8)}0`,
        slate,
        season: '2024-25',
        season_type: 'regular',
        team_abbr,
        opponent_abbr: team_abbr === TEAM ? OTHER : TEAM,
        is_home: true,
        player_id: ids[name] ?? 100 + i,
        player_name: name,
        player_lookup: name,
        played: true,
        minutes: 30,
        points: 2,
        fgm: 1,
        fga: 2,
        source: 'test',
        source_file: 'test',
        row_id: `${slate} ${team_abbr} ${name}`,
        ingested_at: `${slate}T23:00:00Z`,
      })),
    );
  const offenders = async () =>
    (
      await runCanaries(world, {
        canaries: [canaryNamed('box_rows_plausible')],
        asOf: new Date('2024-11-29T17:00:00Z'),
      })
    ).results[0]?.offenders;

  test('says nothing of players who have the ids they had, nor of a namesake elsewhere', async () => {
    await game('2024-11-20', TEAM);
    await game('2024-11-22', OTHER, Object.fromEntries(NAMES.map((name, i) => [name, 500 + i])));
    await game('2024-11-28', TEAM);
    expect(await offenders()).toEqual([]);
  });

  test('tells of a player who has another id than he had in his team', async () => {
    await game('2024-11-20', TEAM);
    await game('2024-11-28', TEAM, { cee: 999 });
    expect(await offenders()).toEqual(['cee BOS: has the id 999, and had 102']);
  });
});
