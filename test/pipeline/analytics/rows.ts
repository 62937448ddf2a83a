import { playerLookup } from '#core/names.ts';

const provenance = (id: string) => ({
  source: 'test',
  source_file: 'test.csv',
  source_line: 1,
  row_id: id,
  ingested_at: '2024-12-01T00:00:00.000Z',
});
let serial = 0;
const nextId = (): string => `row-${serial++}`;

type Changes = Readonly<Record<string, string | number | boolean | null>>;

/** A statement of a source about a game. */
export function scheduleRow(changes: Changes) {
  return {
    source_game_key: String(changes['game_id'] ?? 'list-1'),
    game_id: '0022400901',
    season: '2024-25',
    season_type: 'regular',
    slate: '2025-01-10',
    tipoff_at: '2025-01-11T00:30:00.000Z',
    home_abbr: 'BOS',
    away_abbr: 'NYK',
    status: 'scheduled',
    statement: 'published',
    ...provenance(nextId()),
    ...changes,
  };
}

/** A line of a box score: thirty minutes and ten points unless told. */
export function boxRow(changes: Changes) {
  const name = String(changes['player_name'] ?? 'Ann Invented');
  return {
    game_id: '0022400801',
    slate: '2025-01-02',
    season: '2024-25',
    season_type: 'regular',
    team_abbr: 'BOS',
    opponent_abbr: 'NYK',
    is_home: true,
    player_id: 1,
    player_name: name,
    player_lookup: playerLookup(name),
    played: true,
    minutes: 30,
    points: 10,
    fga: 8,
    fta: 2,
    oreb: 1,
    tov: 1,
    ...provenance(nextId()),
    ...changes,
  };
}

/** A two-way quote of a points line. */
export function lineRow(changes: Changes) {
  const name = String(changes['player_name'] ?? 'Ann Invented');
  return {
    market: 'points',
    bookmaker: 'northline',
    player_name: name,
    player_lookup: playerLookup(name),
    home_abbr: 'BOS',
    away_abbr: 'NYK',
    commence_at: '2025-01-11T00:40:00.000Z',
    slate: '2025-01-10',
    side: 'both',
    line: '10.5',
    over_price: -110,
    under_price: -110,
    is_alternate: false,
    snapshot_at: '2025-01-10T20:00:00.000Z',
    snapshot_quality: 'exact',
    ...provenance(nextId()),
    ...changes,
  };
}
