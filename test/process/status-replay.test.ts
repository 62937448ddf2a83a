import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '#app/cli/program.ts';
import { itForSpread } from '#test/depth.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SHARED = join(import.meta.dirname, '../../../shared');
const DATA = process.env['TIPOFF_DATA'] ?? join(SHARED, 'data');
const HISTORY = process.env['TIPOFF_HISTORY'] ?? join(SHARED, 'history');
const isThere = existsSync(HISTORY) && existsSync(DATA);

/** Slates among which five are taken on which a regular was ruled out in the last report before tip-off. */
const [FIRST, LAST] = ['2024-12-07', '2024-12-23'];
const SLATES = 5;

// Two days of a real slate are lived through, with a model of their own.
const SLATE_MS = 240_000;

/** A player who was ruled out between 40 and 20 minutes before tip-off, having been in doubt or not listed at all. */
interface Scratch {
  readonly slate: string;
  readonly game_id: string;
  readonly tipoff_at: string;
  readonly team_abbr: string;
  readonly player_id: number;
}
const SCRATCHES = `
WITH ruled_out AS (
  SELECT r.slate, r.team_abbr, a.player_id, a.min_ewma8, g.game_id, g.tipoff_at
  FROM nba_raw.injury_reports r
  JOIN nba_reference.counted_games g ON g.slate = r.slate AND r.team_abbr IN (g.home_abbr, g.away_abbr)
  JOIN nba_reference.players p ON p.player_lookup = r.player_lookup
  JOIN nba_precompute.player_availability a ON a.slate = r.slate AND a.player_id = p.player_id AND a.team_abbr = r.team_abbr
  WHERE r.status = 'out' AND r.slate BETWEEN DATE '${FIRST}' AND DATE '${LAST}' AND a.games_missed = 0
    AND r.report_at BETWEEN fn.add_seconds(g.tipoff_at, -2400) AND fn.add_seconds(g.tipoff_at, -1200)
    AND NOT EXISTS (SELECT 1 FROM nba_raw.injury_reports o WHERE o.slate = r.slate AND o.player_lookup = r.player_lookup
      AND o.status IN ('out', 'doubtful') AND o.report_at < r.report_at)
)
SELECT slate, game_id, tipoff_at, team_abbr, player_id FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY slate ORDER BY min_ewma8 DESC) AS place FROM ruled_out
) WHERE place = 1 AND min_ewma8 >= 24 ORDER BY slate LIMIT ${SLATES}`;

describe.skipIf(!isThere)(
  `five real slates${isThere ? '' : ` (skipped: nothing at ${HISTORY} or ${DATA})`}`,
  () => {
    let home: Awaited<ReturnType<typeof temporaryFolder>>;
    let scratches: readonly Scratch[];

    const tipoffAt = async (at: string, ...args: string[]) => {
      const streams = { out: '', err: '' };
      const code = await main([...args, '--home', home.path, '--at', at, '--json'], {
        out: (text) => {
          streams.out += text;
        },
        err: (text) => {
          streams.err += text;
        },
      });
      return { code, json: streams.out === '' ? undefined : JSON.parse(streams.out), err: streams.err };
    };
    const query = async <T extends object>(sql: string): Promise<T[]> => {
      const warehouse = await openWarehouse({ path: join(home.path, 'warehouse.duckdb'), tables: 'none' });
      try {
        return await warehouse.query<T & Record<string, never>>(sql);
      } finally {
        await warehouse.close();
      }
    };
    interface Shown {
      readonly player_id: number;
      readonly team_abbr: string;
      readonly game_id: string;
      readonly publication_id: string;
      readonly mean: number;
      readonly freed_min: number;
    }
    const visible = (slate: string): Promise<Shown[]> =>
      query(`SELECT player_id, team_abbr, game_id, publication_id, mean, freed_min FROM nba_predictions.current_predictions
        WHERE slate = DATE '${slate}' AND market = 'points' AND system_id = 'ridge' AND line_role IN ('main', 'none')`);

    beforeAll(async () => {
      home = await temporaryFolder();
      const later = '2024-12-26T12:00:00Z';
      const season = ['player_logs', 'games'].map((folder) =>
        join(DATA, folder, 'donjuanpond_493g-project/data/raw'),
      );
      const loaded = await tipoffAt(
        later,
        'ingest',
        join(season[0] ?? '', 'player_gamelogs_2024-25.csv'),
        join(season[1] ?? '', 'games_2024-25.csv'),
        join(DATA, 'schedule'),
        join(HISTORY, 'injury_reports', 'status_intervals_2024-25.csv.gz'),
        join(HISTORY, 'injury_reports', 'reports_2024-25.csv.gz'),
      );
      expect(loaded.json.filesFailed ?? 0, loaded.err).toBe(0);
      const phases = 'analytics,precompute';
      const range = ['--from', '2024-10-22', '--to', LAST];
      expect((await tipoffAt(later, 'backfill', 'run', ...range, '--phases', phases)).code).toBe(0);
      scratches = await query<Scratch>(SCRATCHES);
      const lines = scratches.map(({ slate }) => {
        const [year, month, day] = slate.split('-');
        return join(
          DATA,
          'lines_dfs_points_2024/spon7ge_NBA-Prop-Predictor/CSV_FILES/HISTORICAL_ODDS',
          `${month}_${day}_${year}.csv`,
        );
      });
      await tipoffAt(later, 'ingest', ...lines.filter((path) => existsSync(path)));
      // Half a real season is loaded and its features computed.
    }, 600_000);
    afterAll(() => home.remove());

    it('have a regular who was ruled out in the last report before tip-off', () => {
      expect(scratches).toHaveLength(SLATES);
    });

    itForSpread([0, 1, 2, 3, 4], 2)(
      '%d: he leaves the picks in the last call, and the forecasts of his team move',
      async (i) => {
        const scratch = scratches[i];
        if (scratch === undefined) throw new Error('expected five slates');
        const { slate, player_id, team_abbr, tipoff_at } = scratch;
        const before = (minutes: number): string =>
          new Date(Date.parse(tipoff_at) - minutes * 60_000).toISOString();
        expect((await tipoffAt(before(50), 'day', slate)).json.state).toMatch(/^published/);
        const shown = await visible(slate);
        expect(shown.map((row) => row.player_id)).toContain(player_id);
        const call = await tipoffAt(before(18), 'day', slate);
        expect(call.json).toMatchObject({ mode: 'LAST_CALL' });
        expect(call.json.withdrawn.player_out).toBeGreaterThan(0);
        const now = new Map((await visible(slate)).map((row) => [row.player_id, row]));
        expect(now.get(player_id)).toBeUndefined();
        const { withdrawn_players, ...picks } = JSON.parse(
          await readFile(join(home.path, 'objects/exports', slate, 'picks.json'), 'utf8'),
        );
        expect(JSON.stringify(picks)).not.toContain(`"player_id":${player_id},`);
        expect(JSON.stringify(withdrawn_players)).toContain(`"player_id":${player_id},`);
        const mates = shown.filter((row) => row.team_abbr === team_abbr && now.has(row.player_id));
        expect(mates.length).toBeGreaterThan(4);
        for (const mate of mates) {
          const renewed = now.get(mate.player_id);
          expect(renewed?.publication_id).toBe(call.json.publication_id);
          expect(Math.abs((renewed?.freed_min ?? 0) - mate.freed_min)).toBeGreaterThan(3);
          expect(renewed?.mean).not.toBe(mate.mean);
        }
      },
      SLATE_MS,
    );
  },
);
