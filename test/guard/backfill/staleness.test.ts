import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Slate } from '#core/calendar.ts';
import { itForSpread } from '#test/depth.ts';
import { type BackfillWorld, computedWorld, contents, differences, plannedSlates } from './world.ts';

// A season is computed again for every correction.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A correction of the ingested rows of one slate, and whether it can matter to anything that is computed. */
interface Correction {
  readonly name: string;
  readonly sql: string;
  /** Steps that it must not reach. */
  readonly untouched: readonly string[];
}

const BOX = 'nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) AND played';
const ONE_PLAYER = `slate = CAST(@slate AS DATE) AND player_id = (SELECT MIN(player_id) FROM ${BOX})`;

/** What no status reaches. */
const NOT_BY_STATUSES = [
  'PlayerGameSummary',
  'TeamGameSummary',
  'UpcomingTeamGameContext',
  'PlayerPropLines',
  'TeamDefenseZoneAnalysis',
];

const CORRECTIONS: readonly Correction[] = [
  {
    name: 'the points of one player',
    sql: `UPDATE nba_raw.player_box_scores SET points = points + 7, ftm = ftm + 7, fta = fta + 7 WHERE ${ONE_PLAYER}`,
    untouched: [
      'UpcomingTeamGameContext',
      'PlayerPropLines',
      'UpcomingPlayerGameContext',
      'PlayerShotZoneAnalysis',
    ],
  },
  {
    name: 'the rebounds of one player, which no feature uses',
    sql: `UPDATE nba_raw.player_box_scores SET oreb = oreb + 1, reb = reb + 1 WHERE ${ONE_PLAYER}`,
    untouched: [
      'UpcomingTeamGameContext',
      'PlayerPropLines',
      'UpcomingPlayerGameContext',
      'PlayerShotZoneAnalysis',
    ],
  },
  {
    name: 'a player who did not play after all',
    sql: `UPDATE nba_raw.player_box_scores SET played = FALSE WHERE ${ONE_PLAYER}`,
    untouched: ['UpcomingTeamGameContext', 'PlayerPropLines'],
  },
  {
    name: 'a player struck from the box score',
    sql: `DELETE FROM nba_raw.player_box_scores WHERE ${ONE_PLAYER}`,
    untouched: ['UpcomingTeamGameContext'],
  },
  {
    name: 'the possessions of the teams',
    sql: 'UPDATE nba_raw.team_box_scores SET tov = tov + 3 WHERE slate = CAST(@slate AS DATE)',
    untouched: [
      'PlayerGameSummary',
      'UpcomingTeamGameContext',
      'PlayerPropLines',
      'UpcomingPlayerGameContext',
      'PlayerShotZoneAnalysis',
    ],
  },
  {
    name: 'one shot that was a three',
    sql: `UPDATE nba_raw.shots SET zone = 'three', made = NOT made WHERE slate = CAST(@slate AS DATE)
      AND row_id = (SELECT MIN(row_id) FROM nba_raw.shots WHERE slate = CAST(@slate AS DATE) AND zone = 'paint')`,
    untouched: [
      'PlayerGameSummary',
      'TeamGameSummary',
      'UpcomingTeamGameContext',
      'PlayerPropLines',
      'UpcomingPlayerGameContext',
    ],
  },
  {
    name: 'the lines of a slate',
    sql: "UPDATE nba_raw.player_lines SET line = line + CAST('1' AS NUMERIC) WHERE slate = CAST(@slate AS DATE)",
    untouched: ['PlayerGameSummary', 'TeamGameSummary', 'UpcomingTeamGameContext', 'TeamDefenseZoneAnalysis'],
  },
  {
    name: 'an injury report',
    sql: "UPDATE nba_raw.injury_reports SET status = 'out' WHERE slate = CAST(@slate AS DATE)",
    untouched: NOT_BY_STATUSES,
  },
  {
    name: 'a report that came out earlier',
    sql: `UPDATE nba_raw.availability_reports SET report_at = fn.add_seconds(report_at, -600)
      WHERE fn.eastern_date(report_at) = CAST(@slate AS DATE) AND player_statements > 0`,
    untouched: NOT_BY_STATUSES,
  },
  {
    name: 'rosters of that morning, one player with another team',
    sql: `INSERT INTO nba_raw.roster_players BY NAME
      SELECT fn.eastern_instant(slate, 10) AS observed_at, player_id, player_name, player_lookup, TRUE AS is_on_roster, 'late' AS source,
        CASE WHEN row_id = MIN(row_id) OVER () THEN opponent_abbr ELSE team_abbr END AS team_abbr, source_file, row_id, ingested_at
      FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE)`,
    untouched: NOT_BY_STATUSES,
  },
];

describe('a correction in the past', () => {
  let world: BackfillWorld;
  beforeEach(async () => {
    world = await computedWorld();
  });
  afterEach(() => world.close());
  /** What a run would do now. */
  const planned = async () => (await world.run({ shouldStop: () => 'only planned' })).plan;

  itForSpread(CORRECTIONS, 2)(
    '$name: misses nothing that changes, touches nothing before it, and nothing beside it',
    async ({ name, sql, untouched }) => {
      const slate = world.season[Math.floor(world.season.length / 3)] as Slate;
      const before = await contents(world.warehouse);
      expect(await world.warehouse.execute(sql, { slate })).toBeGreaterThan(0);
      const repaired = await world.run();
      const after = await contents(world.warehouse);
      const forced = await world.run({ force: true });
      expect(forced.failed).toEqual([]);
      expect(differences(after, await contents(world.warehouse)), 'missed by the plan').toEqual([]);

      const marked = plannedSlates(repaired.plan);
      const changed = differences(before, after);
      expect(changed.filter((key) => !marked.includes(key))).toEqual([]);
      expect(marked.filter((key) => (key.split(' ')[1] ?? '') < slate)).toEqual([]);
      expect(marked.filter((key) => untouched.includes(key.split(' ')[0] ?? ''))).toEqual([]);
      expect(marked.length).toBeGreaterThan(0);
      process.stdout.write(
        `${name}: ${marked.length} marked, ${changed.length} changed, ratio ${(marked.length / Math.max(1, changed.length)).toFixed(2)}\n`,
      );
    },
  );

  it('names its cause: own inputs where they changed, a cascade below', async () => {
    const slate = world.season[2] as Slate;
    await world.warehouse.execute(
      `UPDATE nba_raw.player_box_scores SET points = points + 2, ftm = ftm + 2, fta = fta + 2 WHERE ${ONE_PLAYER}`,
      { slate },
    );
    const plan = await planned();
    expect(plan.units.find(({ step }) => step === 'PlayerGameSummary')).toMatchObject({
      reason: 'stale',
      changed: ['player_box:slate'],
      cascade: false,
      slates: [slate],
    });
    expect(plan.units.filter(({ step }) => step === 'MLFeatureStore').every(({ cascade }) => cascade)).toBe(
      true,
    );
  });

  it('a re-planned run after it has nothing left, so marking ends', async () => {
    const slate = world.season[2] as Slate;
    const sql = `UPDATE nba_raw.player_box_scores SET points = points + 3, ftm = ftm + 3, fta = fta + 3 WHERE ${ONE_PLAYER}`;
    await world.warehouse.execute(sql, { slate });
    expect((await world.run()).plan.units).not.toEqual([]);
    expect((await planned()).units).toEqual([]);
  });

  it('a new player whom nobody quotes disturbs no past slate', async () => {
    const [row] = world.league.rows
      .filter(({ table }) => table.name === 'player_box_scores')
      .flatMap(({ table, rows }) => rows.slice(-1).map((one) => ({ table, one })));
    if (row === undefined) throw new Error('the league has no box scores');
    const last = String((row.one as { slate: string }).slate);
    await world.warehouse.append(row.table, [
      {
        ...row.one,
        row_id: 'new-row',
        player_id: 999_001,
        player_name: 'Quite Unheardof',
        player_lookup: 'quiteunheardof',
      },
    ]);
    const plan = await planned();
    expect(plannedSlates(plan).filter((key) => (key.split(' ')[1] ?? '') < last)).toEqual([]);
    expect(plannedSlates(plan)).toContain(`PlayerGameSummary ${last}`);
  });
});
