import { playerBoxScores } from '#core/contracts/nba_raw/player-box-scores.ts';
import { playerLookup } from '#core/names.ts';
import { calendarDate, gameKey, matchup, sideOf, teamOf, withinSeason } from '#pipeline/ingest/cells.ts';
import type { CsvRecord } from '#pipeline/ingest/csv.ts';
import { type KeyedRow, RowRejection } from '#pipeline/ingest/rejection.ts';
import { BOX_COLUMNS, boxStatistics } from './box-statistics.ts';
import { requiredCount } from './fields.ts';

/** The columns every player file of NBA statistics has. */
export const PLAYER_BOX_COLUMNS = [
  'PLAYER_ID',
  'PLAYER_NAME',
  'TEAM_ID',
  'TEAM_ABBREVIATION',
  'GAME_ID',
  'GAME_DATE',
  'MATCHUP',
  'MIN',
  ...BOX_COLUMNS,
] as const;
type PlayerColumn = (typeof PLAYER_BOX_COLUMNS)[number];

/** Longest time the contract believes of one player: regulation and several overtimes. */
const MOST_MINUTES = 70;

/** Normalised names, remembered per file: a player stands in it some fifty times. */
export function lookupMemory(): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    let lookup = known.get(name);
    if (lookup === undefined) {
      lookup = playerLookup(name);
      known.set(name, lookup);
    }
    return lookup;
  };
}

/**
 * One player and game. These files list who was on court only: MIN = 0 means seconds, so every row has played = true.
 * In games on neutral ground both teams' rows may be written with "@"; `is_home` then is false for both, as printed.
 * Throws RowRejection.
 */
export function playerBoxRow(record: CsvRecord<PlayerColumn>, lookup: (name: string) => string, isStarter: boolean | null): KeyedRow {
  const game = gameKey('GAME_ID', record.text('GAME_ID'));
  const slate = calendarDate('GAME_DATE', record.text('GAME_DATE'));
  withinSeason('GAME_DATE', slate, game);
  const own = teamOf(
    { field: 'TEAM_ABBREVIATION', text: record.text('TEAM_ABBREVIATION') },
    { field: 'TEAM_ID', text: record.text('TEAM_ID') },
  );
  const { opponent, isHome } = sideOf('MATCHUP', own, matchup('MATCHUP', record.text('MATCHUP')));
  const playerId = requiredCount('PLAYER_ID', record.text('PLAYER_ID'));
  const name = record.text('PLAYER_NAME');
  const player_lookup = lookup(name);
  if (playerId === 0 || player_lookup === '') {
    throw new RowRejection('PLAYER_NAME', 'no_player', `expected a player, saw the name "${name}" and the id ${playerId}`);
  }
  const minutes = requiredCount('MIN', record.text('MIN'));
  if (minutes > MOST_MINUTES) throw new RowRejection('MIN', 'impossible_value', `expected at most ${MOST_MINUTES} minutes, saw ${minutes}`);
  return {
    key: `player ${playerId} in game ${game.gameId}`,
    row: {
      table: playerBoxScores,
      line: record.line,
      record: {
        game_id: game.gameId,
        slate,
        season: game.season,
        season_type: game.seasonType,
        team_id: own.id,
        team_abbr: own.abbr,
        opponent_abbr: opponent.abbr,
        is_home: isHome,
        player_id: playerId,
        player_name: name,
        player_lookup,
        played: true,
        dnp_reason: null,
        minutes,
        is_starter: isStarter,
        ...boxStatistics(record),
      },
    },
  };
}
