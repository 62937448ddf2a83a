import { describe, expect, it } from 'vitest';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { leagueWarehouse, simulatedLeague } from '#test/fakes/leagues.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const OPTIONS = { seed: 2, seasons: ['2024-25'], teams: 4, gamesPerTeam: 4, playersPerTeam: 12 };

describe('the warehouse of a league', () => {
  it('has only what was known at an instant', async () => {
    const warehouse = await leagueWarehouse(OPTIONS, '2024-10-25T12:00:00Z');
    try {
      const [late] = await warehouse.query(
        "SELECT COUNT(*) AS n, MAX(ingested_at) <= TIMESTAMP '2024-10-25T12:00:00Z' AS known FROM nba_raw.player_box_scores",
      );
      expect(late).toMatchObject({ known: true });
      expect(Number(late?.['n'])).toBeGreaterThan(0);
    } finally {
      await warehouse.close();
    }
  });

  it('has the tables, views, functions and rows of one that was filled row by row, copy by copy', async () => {
    const filled = await openWarehouse();
    const league = simulatedLeague(OPTIONS);
    for (const { table, rows } of league.rows) await filled.append(table, rows);
    const [one, another] = [await leagueWarehouse(OPTIONS), await leagueWarehouse(OPTIONS)];
    try {
      const expected = await everything(filled);
      expect(expected.filter((text) => text.includes('"row_id"')).length).toBeGreaterThan(3);
      expect(await everything(one)).toEqual(expected);
      // What one test changes, no other sees.
      await one.execute("DELETE FROM nba_raw.player_box_scores WHERE slate > DATE '2000-01-01'");
      expect(await everything(one)).not.toEqual(expected);
      expect(await everything(another)).toEqual(expected);
    } finally {
      for (const warehouse of [filled, one, another]) await warehouse.close();
    }
  });
});

/** What each table is, what is in it, and what views and functions there are, as text. */
async function everything(warehouse: Warehouse): Promise<string[]> {
  const texts: string[] = [JSON.stringify(await warehouse.listFunctions())];
  for (const table of CONTRACTS) {
    const columns = await warehouse.describe(table, 'whole');
    const order = table.key.join(', ');
    const rows = await warehouse.query(`SELECT * FROM ${table.dataset}.${table.name} ORDER BY ${order}`);
    texts.push(JSON.stringify([columns, rows]));
  }
  for (const { ref } of VIEWS)
    texts.push(JSON.stringify(await warehouse.query(`SELECT COUNT(*) AS n FROM ${ref.dataset}.${ref.name}`)));
  return texts;
}
