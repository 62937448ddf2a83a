import { copyFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { runEvaluation } from '#app/evaluation.ts';
import { readCalibration } from '#app/reading/calibration.ts';
import type { Slate } from '#core/calendar.ts';
import { MARKETS } from '#core/markets.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { runDay } from '#pipeline/day.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { type BetCounts, readRecord } from '#pipeline/grade/record.ts';
import { virtualClock } from '#platform/clock.ts';
import { homePaths } from '#platform/home.ts';
import type { Row } from '#platform/warehouse/port.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { leagueFile, simulatedLeague } from '#test/fakes/leagues.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';
import { BOX_NOISE } from './feature-world.ts';
import { REPORTS_AND_ROSTERS_FROM_THE_CUTOFF_ON } from './late-reports.ts';

// Two leagues are lived through, features, models and predictions included.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const LEAGUE = { seed: 3, seasons: ['2024-25'], teams: 8, gamesPerTeam: 28, playersPerTeam: 12 };
const league = simulatedLeague(LEAGUE);
/** A Monday, so that an evaluation of the slate is refitted when the model of its week is. */
const CUTOFF = league.slates.find(
  (slate, i) => i > league.slates.length * 0.7 && new Date(`${slate}T00:00:00Z`).getUTCDay() === 1,
) as Slate;

const NOISE_FROM_THE_CUTOFF_ON = [
  `UPDATE nba_raw.player_box_scores SET ${BOX_NOISE} WHERE slate >= CAST(@cutoff AS DATE) AND played`,
  'UPDATE nba_raw.team_box_scores SET points = 250 - points, fga = 190 - fga WHERE slate >= CAST(@cutoff AS DATE)',
  // Quotes of after tip-off, and other lines on every later slate.
  `INSERT INTO nba_raw.player_lines BY NAME
   SELECT l.* REPLACE (fn.add_seconds(s.tipoff_at, 60) AS snapshot_at, l.line + 7 AS line, l.row_id || ' late' AS row_id)
   FROM nba_raw.player_lines l
   JOIN nba_raw.schedule_games s ON s.slate = l.slate AND s.home_abbr = l.home_abbr
   WHERE l.slate = CAST(@cutoff AS DATE) AND l.snapshot_quality = 'exact' AND s.tipoff_at IS NOT NULL`,
  'UPDATE nba_raw.player_lines SET line = line + 7 WHERE slate > CAST(@cutoff AS DATE)',
  ...REPORTS_AND_ROSTERS_FROM_THE_CUTOFF_ON,
];
const ONE_POINT_BEFORE_IT = [
  'UPDATE nba_raw.player_box_scores SET points = points + 1, ftm = ftm + 1, fta = fta + 1 WHERE slate < CAST(@cutoff AS DATE) AND played',
  `UPDATE nba_raw.team_box_scores SET points = (
     SELECT SUM(p.points) FROM nba_raw.player_box_scores p
     WHERE p.game_id = team_box_scores.game_id AND p.team_abbr = team_box_scores.team_abbr AND p.slate < CAST(@cutoff AS DATE)
   ) WHERE slate < CAST(@cutoff AS DATE)`,
];

describe('predictions know nothing of the slate or of what came after', () => {
  const clock = virtualClock('2025-08-01T12:00:00Z');
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let truth: App;
  let scrambled: App;
  let corrected: App;
  let as: string[];
  let noisy: string[];
  let other: string[];

  /** The engines of the homes stay open, and their files are never written back. */
  const releases: (() => void)[] = [];

  /** A home with all results of the league, some of them replaced. */
  const world = async (name: string, ...replacements: string[]): Promise<App> => {
    const home = `${folder.path}/${name}`;
    await homeWithoutRows(home);
    await copyFile(await leagueFile(LEAGUE), homePaths(home).warehouse);
    releases.push(await holdWarehouse(home));
    const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
      command: 'test',
      clock,
      write: () => undefined,
    });
    for (const statement of replacements) await app.warehouse.execute(statement, { cutoff: CUTOFF });
    return app;
  };

  /** Every published row of a slate but for the times of the run. */
  const predictions = async (app: App): Promise<string[]> => {
    const result = await runDay(await dayDeps(app, 'test'), { slate: CUTOFF, by: 'test' });
    expect(result).toMatchObject({ state: 'published', mode: 'BACKFILL' });
    const rows = await app.warehouse.query<Row>(
      'SELECT * FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE) ORDER BY prediction_id',
      { slate: CUTOFF },
    );
    return rows.map((row) => JSON.stringify({ ...row, created_at: null, published_at: null }));
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    truth = await world('truth');
    scrambled = await world('scrambled', ...NOISE_FROM_THE_CUTOFF_ON);
    corrected = await world('corrected', ...ONE_POINT_BEFORE_IT);
    [as, noisy, other] = [
      await predictions(truth),
      await predictions(scrambled),
      await predictions(corrected),
    ];
  });
  afterAll(async () => {
    await truth.close();
    await scrambled.close();
    await corrected.close();
    for (const release of releases) release();
    await folder.remove();
  });

  it('noise in place of every result at and after the slate, everybody out and traded just before tip-off and other lines after it change no byte of the predictions of any market, and a point more before it changes all of them', async () => {
    expect(as.length).toBeGreaterThan(50);
    expect([...new Set(as.map((row) => JSON.parse(row).market as string))].sort()).toEqual(
      MARKETS.map(({ id }) => id).sort(),
    );
    expect(noisy).toEqual(as);
    expect(other.length).toBe(as.length);
    expect(other.filter((row) => as.includes(row))).toEqual([]);
  });

  it('come true on the pages of record and calibration as in an evaluation of the same rows', async () => {
    const range = { from: CUTOFF, to: CUTOFF };
    await grade({ warehouse: truth.warehouse, clock }, range);
    const { lines } = await readCalibration(truth.warehouse, range);
    const record = await readRecord(truth.warehouse, range);
    const { markets } = await runEvaluation(truth, range, { minSeasonGames: 0, minMinutes: 0 });
    const published = lines.filter(
      ({ system_id, believer }) => system_id === CHAMPION_SYSTEM && believer === 'published',
    );
    expect(published.length).toBeGreaterThan(0);
    for (const page of published) {
      const own = markets.find(({ market, champion }) => champion && market === page.market);
      expect(own?.line?.n, page.market).toBe(page.n);
      for (const score of ['brier', 'climatology', 'slope', 'ece'] as const)
        expect(own?.line?.[score], `${score} of ${page.market}`).toBeCloseTo(page[score], 3);
      const season = record.find(
        ({ market, system_id, kind }) =>
          market === page.market && system_id === CHAMPION_SYSTEM && kind === 'season',
      );
      const bets = ({ wins, losses, pushes }: Pick<BetCounts, 'wins' | 'losses' | 'pushes'>) => [
        wins,
        losses,
        pushes,
      ];
      const { sides, picks } = own?.at_lines ?? {};
      if (season === undefined || sides === undefined || picks === undefined) throw new Error(page.market);
      expect(bets(sides), `sides of ${page.market}`).toEqual(bets(season.all_sides));
      expect(sides.profit).toBeCloseTo(season.all_sides.profit, 3);
      expect(bets(picks), `picks of ${page.market}`).toEqual(bets(season.picks));
      expect(picks.profit).toBeCloseTo(season.picks.profit, 3);
    }
  });
});
