import { columnNames, defineTable, nullable, type RowOf, required, type ViewContract } from './define.ts';
export const schedule = defineTable({
  dataset: 'nba_reference',
  name: 'schedule',
  description:
    'The effective schedule: one row per game, what was played over what a live feed says over what was published. Everything that asks whether there should be data asks this table.',
  columns: {
    game_id: required.string('Official 10-digit game id'),
    season: required.string('Season label, 2024-25'),
    season_type: required.string('preseason, regular, all_star, cup_final, play_in or playoffs'),
    is_counted: required.bool(
      'True for regular season, play-in and playoffs: games that are predicted and graded; false for a second game of a team on one date',
    ),
    slate: required.date('ET calendar date of tip-off as it stands now'),
    published_slate: nullable.date('Date published before the season'),
    was_moved: required.bool('True when the game stands on another date than published'),
    tipoff_at: required.timestamp('Tip-off; see tipoff_source'),
    tipoff_source: required.string(
      'current, published or estimated (19:00 ET of the slate, deliberately early)',
    ),
    home_abbr: required.string('Three-letter code of the home team'),
    away_abbr: required.string('Three-letter code of the visitors'),
    status: required.string('scheduled, live, final, postponed or cancelled'),
  },
  key: ['game_id'],
  partition: 'slate',
  writer: 'ScheduleReference',
});
export type ScheduledGame = RowOf<typeof schedule>;

/** The games that are predicted and graded and have not been called off: what "a game" means to everything but the schedule itself. */
export const COUNTED_GAMES: ViewContract = {
  ref: { dataset: 'nba_reference', name: 'counted_games' },
  sql: `
SELECT * FROM nba_reference.schedule WHERE is_counted AND status NOT IN ('postponed', 'cancelled')`,
  columns: columnNames(schedule),
};

export const players = defineTable({
  dataset: 'nba_reference',
  name: 'players',
  description:
    'Every player with an id in a box score, a status feed or a list of players: the bridge from names to ids.',
  columns: {
    player_id: required.int('NBA player id'),
    player_name: required.string('Newest printed name'),
    player_lookup: required.string('Normalised name'),
    last_lookup: nullable.string(
      'Normalised name without the given name, under which feeds that shorten it are resolved; null for one-word names',
    ),
    first_slate: required.date(
      'First box score, or the day of the list of players that names him before one',
    ),
    last_slate: required.date('Newest box score, or the same day'),
  },
  key: ['player_id'],
  writer: 'PlayerReference',
});
export type Player = RowOf<typeof players>;

export const playerAliases = defineTable({
  dataset: 'nba_reference',
  name: 'player_aliases',
  description: 'Spellings of names that normalisation alone does not bring together.',
  columns: {
    alias_lookup: required.string('Normalised name as some feed writes it'),
    player_lookup: required.string('Normalised name as box scores write it'),
  },
  key: ['alias_lookup'],
  writer: 'PlayerReference',
});

export const declaredSources = defineTable({
  dataset: 'nba_reference',
  name: 'declared_sources',
  description:
    'What this installation is supposed to get for a game: bookmakers, markets and reports, with how much of a game each of them usually covers. The days of a slate write down what they see again and again and what the configuration names; nothing but `tipoff sources` takes a source off the list.',
  columns: {
    source: required.string(
      'availability, availability/out, lines, lines/<bookmaker>/<market> or game_lines/<bookmaker>',
    ),
    players_per_game: nullable.float(
      'Players it usually names for a game; null while nobody knows: then anything counts',
      { decimals: 3, range: [0, 60] },
    ),
    teams_per_game: nullable.float('Teams of a game it usually covers; null while nobody knows', {
      decimals: 3,
      range: [0, 2],
    }),
    first_hour: nullable.float(
      'Hours after midnight in New York at which its first row has come at the latest; null where it has no times',
      { decimals: 2, range: [-24, 48] },
    ),
    usual_hour: nullable.float(
      'Hours after midnight in New York at which half of it has usually come; null where it has no times',
      { decimals: 2, range: [-24, 48] },
    ),
    from_slate: required.date('First slate on which it is expected'),
    until_slate: nullable.date('Last slate on which it was expected; null while it is'),
    declared_by: required.string('configuration, observation, or the command and its user'),
    reason: nullable.string('Why it was declared or retired by hand'),
    declared_at: required.timestamp('When this row was last changed'),
  },
  key: ['source'],
  writer: 'sources',
});
export type DeclaredSource = RowOf<typeof declaredSources>;
