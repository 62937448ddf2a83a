import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { SimulatedLeague } from './league.ts';

export interface LoadLeagueOptions {
  /** Holds back what is not known yet: rows whose `ingested_at` lies after the clock's instant. Nothing is held back when absent. */
  readonly clock?: Clock;
  /** ISO instant up to which an earlier load brought everything: only rows that became known later are looked at. */
  readonly since?: string;
}

/** What a load did, in rows. `loaded` is by table name; loaded + duplicate + withheld is all the league has. */
export interface LoadedLeague {
  readonly loaded: Readonly<Record<string, number>>;
  readonly duplicate: number;
  readonly withheld: number;
}

/**
 * Writes the rows of a simulated league into the raw tables, which are made where they are missing. A row that the
 * warehouse has already is left alone, so a second load changes nothing, and a load with a later clock adds only what
 * has become known in between. Each table is written whole or not at all; errors are those of the warehouse.
 */
export async function loadLeague(warehouse: Warehouse, league: SimulatedLeague, options: LoadLeagueOptions = {}): Promise<LoadedLeague> {
  const { since } = options;
  const now = options.clock?.now().toISOString();
  await warehouse.prepare(league.rows.map(({ table }) => table));
  const loaded: Record<string, number> = {};
  let [duplicate, withheld] = [0, 0];
  for (const { table, rows } of league.rows) {
    const news = since === undefined ? rows : rows.filter((row) => String(row['ingested_at']) > since);
    const known = now === undefined ? news : news.filter((row) => String(row['ingested_at']) <= now);
    const fresh = await warehouse.appendNew(table, known);
    loaded[table.name] = fresh;
    duplicate += known.length - fresh;
    withheld += news.length - known.length;
  }
  return { loaded, duplicate, withheld };
}
