import { ALIASES, lastLookup } from '#core/aliases.ts';
import { playerAliases } from '#core/contracts/nba_reference/player-aliases.ts';
import { type Player, players } from '#core/contracts/nba_reference/players.ts';
import { HISTORY_FROM } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

const STANDING = `
WITH named AS (
  SELECT player_id, player_name, player_lookup, slate FROM nba_raw.player_box_scores WHERE slate >= CAST(@history_from AS DATE)
  UNION ALL
  SELECT player_id, player_name, player_lookup, slate FROM nba_raw.injury_reports WHERE player_id IS NOT NULL
)
SELECT player_id, player_name, player_lookup, MIN(slate) OVER (PARTITION BY player_id) AS first_slate, slate AS last_slate
FROM named
QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY slate DESC, player_name) = 1
ORDER BY player_id`;

/**
 * Brings the bridge from names to ids up to date: every player with an id, with his newest printed name, and the
 * curated aliases. Rewritten as a whole only when something differs. Returns the number of players.
 */
export async function buildPlayerReference(warehouse: Warehouse): Promise<number> {
  const standing = await warehouse.query<Omit<Player, 'last_lookup'>>(STANDING, { history_from: HISTORY_FROM });
  const wanted: Player[] = standing.map((row) => ({ ...row, last_lookup: lastLookup(row.player_name) ?? null }));
  const stored = await warehouse.query<Player>(
    'SELECT player_id, player_name, player_lookup, first_slate, last_slate, last_lookup FROM nba_reference.players ORDER BY player_id',
  );
  if (JSON.stringify(stored.map(flat)) !== JSON.stringify(wanted.map(flat))) {
    await warehouse.execute('DELETE FROM nba_reference.players WHERE player_id IS NOT NULL');
    await warehouse.append(players, wanted);
  }
  const aliases = Object.entries(ALIASES).map(([alias_lookup, player_lookup]) => ({ alias_lookup, player_lookup }));
  await warehouse.appendNew(playerAliases, aliases);
  return wanted.length;
}

function flat(player: Player): unknown[] {
  return [player.player_id, player.player_name, player.player_lookup, player.first_slate, player.last_slate, player.last_lookup];
}
