import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague } from '#simulate/league.ts';
import { TINY_TONIGHT, tinyLeague } from '#test/fakes/tiny-league.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const league = tinyLeague({ seasons: ['2024-25'] });
const total = league.rows.reduce((sum, { rows }) => sum + rows.length, 0);
let warehouse: Warehouse;

beforeEach(async () => {
  warehouse = await openWarehouse({ tables: 'none' });
});
afterEach(() => warehouse.close());

async function count(sql: string): Promise<number> {
  const [row] = await warehouse.query<{ n: number }>(sql);
  return row?.n ?? -1;
}

describe('loading a league', () => {
  it('brings every row of every table into the warehouse', async () => {
    const { loaded, duplicate, withheld } = await loadLeague(warehouse, league);
    expect(loaded).toEqual(
      Object.fromEntries(league.rows.map(({ table, rows }) => [table.name, rows.length])),
    );
    expect([duplicate, withheld]).toEqual([0, 0]);
    expect(await count('SELECT COUNT(*) AS n FROM nba_raw.player_lines')).toBe(
      league.tables.playerLines.length,
    );
    const [points] = await warehouse.query<{ n: number }>(
      'SELECT SUM(points) AS n FROM nba_raw.player_box_scores',
    );
    expect(points?.n).toBe(league.tables.playerBoxScores.reduce((sum, row) => sum + (row.points ?? 0), 0));
  });

  it('changes nothing the second time', async () => {
    await loadLeague(warehouse, league);
    const again = await loadLeague(warehouse, league);
    expect(Object.values(again.loaded).every((rows) => rows === 0)).toBe(true);
    expect(again.duplicate).toBe(total);
  });

  it('holds back what the clock does not know yet, and adds it later', async () => {
    const clock = virtualClock(`${TINY_TONIGHT}T18:00:00Z`);
    const early = await loadLeague(warehouse, league, { clock });
    expect(early.withheld).toBeGreaterThan(0);
    expect(
      await count(
        `SELECT COUNT(*) AS n FROM nba_raw.player_lines WHERE ingested_at > CAST('${clock.now().toISOString()}' AS TIMESTAMP)`,
      ),
    ).toBe(0);
    clock.set('2024-12-02T12:00:00Z');
    const late = await loadLeague(warehouse, league, { clock });
    expect(late.withheld).toBe(0);
    expect(Object.values(late.loaded).reduce((sum, rows) => sum + rows, 0)).toBe(early.withheld);
    expect(await count('SELECT COUNT(*) AS n FROM nba_raw.injury_reports')).toBe(
      league.tables.injuryReports.length,
    );
  });
});
