import { defineTable, nullable, type RowOf, type Rule, required } from './define.ts';

/** What a player or a team can have of anything in one game. */
const COUNT = { range: [0, 200] } as const;

/** The counting statistics of a box score, shared by player and team rows. */
export const boxColumns = {
  points: nullable.int('Points scored; null for a player who did not play', { range: [0, 200] }),
  fgm: nullable.int('Field goals made', COUNT),
  fga: nullable.int('Field goals attempted', COUNT),
  fg3m: nullable.int('Three-pointers made', COUNT),
  fg3a: nullable.int('Three-pointers attempted', COUNT),
  ftm: nullable.int('Free throws made', COUNT),
  fta: nullable.int('Free throws attempted', COUNT),
  oreb: nullable.int('Offensive rebounds', COUNT),
  dreb: nullable.int('Defensive rebounds', COUNT),
  reb: nullable.int('Rebounds', COUNT),
  ast: nullable.int('Assists', COUNT),
  stl: nullable.int('Steals', COUNT),
  blk: nullable.int('Blocks', COUNT),
  tov: nullable.int('Turnovers', COUNT),
  pf: nullable.int('Personal fouls', COUNT),
  plus_minus: nullable.float('Point difference while on court (team row: final margin)', {
    decimals: 1,
    range: [-120, 120],
  }),
} as const;

/** What holds between the counting statistics of any box score. */
const BOX_RULES = [
  { kind: 'at_most', column: 'fgm', limit: 'fga' },
  { kind: 'at_most', column: 'fg3m', limit: 'fg3a' },
  { kind: 'at_most', column: 'fg3m', limit: 'fgm' },
  { kind: 'at_most', column: 'fg3a', limit: 'fga' },
  { kind: 'at_most', column: 'ftm', limit: 'fta' },
  { kind: 'sum', column: 'points', of: { fgm: 2, fg3m: 1, ftm: 1 } },
] as const satisfies readonly Rule[];

/** What holds of a player's line besides: a team also has rebounds that no player took. */
export const PLAYER_BOX_RULES = [
  ...BOX_RULES,
  { kind: 'sum', column: 'reb', of: { oreb: 1, dreb: 1 } },
] as const satisfies readonly Rule[];

/** The teams of a row. */
const TWO_SIDES = { kind: 'different', columns: ['home_abbr', 'away_abbr'] } as const;
export const TWO_TEAMS = { kind: 'different', columns: ['team_abbr', 'opponent_abbr'] } as const;

/** Every market has lines from half an event to what no player has ever done in one game. */
export const LINE_RANGE = [0, 90] as const;
/** No American price lies between -100 and 100. */
export const AMERICAN_PRICES = [
  { kind: 'outside', column: 'over_price', interval: [-100, 100] },
  { kind: 'outside', column: 'under_price', interval: [-100, 100] },
] as const satisfies readonly Rule[];

/** Words of availability statements. */
const STATUSES = ['out', 'doubtful', 'questionable', 'probable', 'available'] as const;
const GAME_STATUSES = ['scheduled', 'live', 'final', 'postponed', 'cancelled'] as const;

/** Where and when a box-score row belongs. */
const boxIdentity = {
  game_id: required.string('Official 10-digit game id, leading zeros kept'),
  slate: required.date('ET calendar date of tip-off'),
  season: required.string('Season label, 2024-25'),
  season_type: required.string('preseason, regular, all_star, cup_final, play_in or playoffs'),
  team_id: nullable.int('NBA team id'),
  team_abbr: required.string('Three-letter team code'),
  opponent_abbr: required.string('Three-letter code of the opponent'),
  is_home: required.bool('True for the home team'),
} as const;

/**
 * Columns every raw table ends with. Raw tables are append-only: a corrected row arrives as a new version with the
 * same natural key, another `row_id` and a later `ingested_at`; readers take the newest version.
 */
export const provenance = {
  source: required.string('Format or provider the row came from, for example player_game_logs_csv'),
  source_file: required.string('Path of the file below the ingested folder, or the address of the request'),
  source_line: nullable.int('1-based line or record number in that file'),
  row_id: required.string(
    'Hash of the natural key and all business values: the same row twice has the same id',
  ),
  ingested_at: required.timestamp('When Tipoff loaded the row'),
} as const;

export const scheduleGames = defineTable({
  dataset: 'nba_raw',
  name: 'schedule_games',
  description:
    'One row per game and statement of a source: as published before the season, as moved later, as played. Natural key: source, source_game_key.',
  columns: {
    source_game_key: required.string(
      'Game id where the source has one, otherwise a stable key of the source',
    ),
    game_id: nullable.string('Official 10-digit game id; null for lists without ids'),
    season: required.string('Season label, 2024-25'),
    season_type: required.string('preseason, regular, all_star, cup_final, play_in or playoffs'),
    slate: required.date('ET calendar date of tip-off according to this source'),
    tipoff_at: nullable.timestamp('Scheduled tip-off; null when the source has dates only'),
    home_abbr: required.string('Three-letter code of the home team'),
    away_abbr: required.string('Three-letter code of the visitors'),
    status: required.string('scheduled, live, final, postponed or cancelled'),
    status_text: nullable.string('Status as printed by the provider'),
    statement: required.string(
      'published (before the season), current (a live feed) or played (a list of results)',
    ),
    label: nullable.string('Provider label such as a cup round or a neutral-site game'),
    home_score: nullable.int('Final score of the home team', COUNT),
    away_score: nullable.int('Final score of the visitors', COUNT),
    observed_at: nullable.timestamp('When the provider made the statement, where known'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  rules: [
    TWO_SIDES,
    { kind: 'one_of', column: 'status', values: GAME_STATUSES },
    { kind: 'together', columns: ['home_score', 'away_score'] },
  ],
  writer: 'ingest',
});
export type ScheduleGame = RowOf<typeof scheduleGames>;

export const playerBoxScores = defineTable({
  dataset: 'nba_raw',
  name: 'player_box_scores',
  description:
    'One row per player and game as a provider reported it. Natural key: source, game_id, player_id.',
  columns: {
    ...boxIdentity,
    player_id: required.int('NBA player id'),
    player_name: required.string('Name as printed by the provider'),
    player_lookup: required.string('Normalised name, lower case, ASCII, no separators, no suffix'),
    played: required.bool('True when the player was on court, even for seconds'),
    dnp_reason: nullable.string('Provider text when the player did not play'),
    minutes: nullable.float('Minutes on court; 0 means seconds, null means did not play', {
      decimals: 3,
      range: [0, 70],
    }),
    is_starter: nullable.bool('Started the game; null when the source does not say'),
    ...boxColumns,
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  rules: [...PLAYER_BOX_RULES, TWO_TEAMS],
  writer: 'ingest',
});
export type PlayerBoxScore = RowOf<typeof playerBoxScores>;

export const teamBoxScores = defineTable({
  dataset: 'nba_raw',
  name: 'team_box_scores',
  description:
    'One row per team and game as a provider reported it. Natural key: source, game_id, team_abbr.',
  columns: {
    ...boxIdentity,
    won: nullable.bool('True when the team won'),
    minutes: nullable.float('Player-minutes of the team, 240 without overtime', {
      decimals: 3,
      range: [0, 500],
    }),
    ...boxColumns,
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  partitionFilterRequired: true,
  rules: [...BOX_RULES, TWO_TEAMS],
  writer: 'ingest',
});
export type TeamBoxScore = RowOf<typeof teamBoxScores>;

export const playerLines = defineTable({
  dataset: 'nba_raw',
  name: 'player_lines',
  description:
    'Prop lines as quoted: one row per quote of a source. Sources that list the two sides apart give two rows. Players are names here; resolution to ids is analytics.',
  columns: {
    event_id: nullable.string('Event id of the odds provider'),
    market: required.string(
      'points, rebounds, assists, threes, steals, blocks, turnovers, or a sum: pra, pr, pa, ra',
    ),
    bookmaker: required.string('Bookmaker key in lower case, for example draftkings'),
    player_name: required.string('Name as printed'),
    player_lookup: required.string('Normalised name, lower case, ASCII, no separators, no suffix'),
    team_hint_abbr: nullable.string('Team named next to the player, where the source has one'),
    home_abbr: required.string('Three-letter code of the home team of the event'),
    away_abbr: required.string('Three-letter code of the visitors of the event'),
    commence_at: nullable.timestamp('Start of the event according to the odds provider'),
    slate: required.date('ET calendar date of commence_at'),
    side: required.string('both, over or under: which prices the row carries'),
    line: required.numeric('The line, exact decimal'),
    over_price: nullable.int('American odds of OVER'),
    under_price: nullable.int('American odds of UNDER'),
    is_alternate: required.bool('True for alternates and promotions whose price is not a market price'),
    snapshot_at: nullable.timestamp('When the quote stood, where the source says so'),
    snapshot_quality: required.string(
      'exact (source has a time), file_date (only the date of the file) or unknown',
    ),
    file_date: nullable.date(
      'Date in the file name where that is all the source says about the time of its quotes; its zone is unknown',
    ),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  cluster: ['market', 'player_lookup'],
  partitionFilterRequired: true,
  rules: [
    TWO_SIDES,
    { kind: 'between', column: 'line', range: LINE_RANGE },
    { kind: 'halves', column: 'line' },
    ...AMERICAN_PRICES,
    { kind: 'one_of', column: 'side', values: ['both', 'over', 'under'] },
  ],
  writer: 'ingest',
});
export type PlayerLine = RowOf<typeof playerLines>;

export const gameLines = defineTable({
  dataset: 'nba_raw',
  name: 'game_lines',
  description: 'Spread and total of a game. Natural key: source, slate, home_abbr, away_abbr, bookmaker.',
  columns: {
    event_id: nullable.string('Event id of the odds provider'),
    slate: required.date('ET calendar date of tip-off'),
    home_abbr: required.string('Three-letter code of the home team'),
    away_abbr: required.string('Three-letter code of the visitors'),
    commence_at: nullable.timestamp('Start of the event according to the odds provider'),
    bookmaker: required.string('Bookmaker key in lower case, or consensus'),
    spread_home: nullable.numeric('Points given to the home team: negative when it is the favourite'),
    total: nullable.numeric('Total points line'),
    snapshot_at: nullable.timestamp('When the quote stood, where the source says so'),
    snapshot_quality: required.string('exact, file_date or unknown'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  rules: [
    TWO_SIDES,
    { kind: 'between', column: 'spread_home', range: [-45, 45] },
    { kind: 'between', column: 'total', range: [120, 350] },
  ],
  writer: 'ingest',
});
export type GameLine = RowOf<typeof gameLines>;

export const injuryReports = defineTable({
  dataset: 'nba_raw',
  name: 'injury_reports',
  description:
    'Availability statements about players with their time. Natural key: source, report_at, slate, team_abbr, player_lookup. The only honest source of "who is out tonight": a box score tells who played, which is an outcome. A row is the statement of one report or, with last_report_at, of every report from report_at to then; whether it was still made at a cut-off is asked of the newest report up to that cut-off in nba_raw.availability_reports.',
  columns: {
    report_at: required.timestamp('When the report was published that made the statement (first)'),
    last_report_at: nullable.timestamp(
      'Newest report that made the same statement, for sources that keep spans; null where each report has rows of its own. What lies after a cut-off is not known at that cut-off',
    ),
    slate: required.date(
      'ET calendar date of the game the statement is about; of the report where a feed speaks of players and not of games',
    ),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: nullable.string('Three-letter code of the opponent'),
    player_id: nullable.int('NBA player id, where the feed has one'),
    player_name: required.string('Name as printed, in the order "First Last"'),
    player_lookup: required.string('Normalised name'),
    status: required.string('out, doubtful, questionable, probable or available'),
    reason: nullable.string('Reason as printed'),
    status_printed: nullable.string('Status as printed, where the feed has other words than these five'),
    noted_at: nullable.timestamp(
      'Date of the note behind the statement, where the feed has one; it may be months old',
    ),
    provider_player_id: nullable.string('Id of the player at a provider that has ids of its own'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  rules: [TWO_TEAMS, { kind: 'one_of', column: 'status', values: STATUSES }],
  writer: 'ingest',
});
export type InjuryReport = RowOf<typeof injuryReports>;

export const teamStatements = defineTable({
  dataset: 'nba_raw',
  name: 'team_statements',
  description:
    'What an availability report says about a team as a whole. not_yet_submitted means unknown, never healthy. Natural key: source, report_at, slate, team_abbr. Spans as in nba_raw.injury_reports.',
  columns: {
    report_at: required.timestamp('When the report was published that made the statement (first)'),
    last_report_at: nullable.timestamp(
      'Newest report that made the same statement; null where each report has rows of its own',
    ),
    slate: required.date('ET calendar date of the game the statement is about'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: nullable.string('Three-letter code of the opponent'),
    statement: required.string('not_yet_submitted or all_available'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  writer: 'ingest',
});

export type TeamStatement = RowOf<typeof teamStatements>;

export const availabilityReports = defineTable({
  dataset: 'nba_raw',
  name: 'availability_reports',
  description:
    'One row per report of an availability feed, also one that names nobody, so that "no report" and "not listed" can be told apart. Natural key: source, report_at.',
  columns: {
    report_at: required.timestamp('When the report was published: its heading, or the clock of the feed'),
    label_at: nullable.timestamp(
      'The time in the name of the report, which may be up to an hour before its heading',
    ),
    made_at: nullable.timestamp('When the document was made, as it says itself'),
    pages: nullable.int('Pages of the document'),
    player_statements: required.int('Statements about players'),
    team_statements: required.int('Statements about whole teams'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'report_at',
  writer: 'ingest',
});

export type AvailabilityReport = RowOf<typeof availabilityReports>;

export const rosterPlayers = defineTable({
  dataset: 'nba_raw',
  name: 'roster_players',
  description:
    'Who belongs to which team according to a list of players or a roster, known before a first game: rookies, signings and trades. Natural key: source, observed_at, player_id or provider_player_id.',
  columns: {
    observed_at: nullable.timestamp(
      'When the list was fetched; null for a recorded file, of which only ingested_at is known',
    ),
    season: nullable.string('Season label the list is of, 2024-25'),
    player_id: nullable.int('NBA player id, where the source has it'),
    provider_player_id: nullable.string('Id of the player at a provider that has ids of its own'),
    player_name: required.string('Name as printed, in the order "First Last"'),
    player_lookup: required.string('Normalised name'),
    team_abbr: nullable.string('Three-letter team code; null for a player without a team'),
    is_on_roster: required.bool('True when the source counts him to the roster of the team'),
    position: nullable.string('Position as printed'),
    jersey: nullable.string('Number as printed'),
    from_year: nullable.int('Start year of his first season in the league'),
    to_year: nullable.int('Start year of his newest season'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'ingested_at',
  writer: 'ingest',
});
export type RosterPlayer = RowOf<typeof rosterPlayers>;

export const shots = defineTable({
  dataset: 'nba_raw',
  name: 'shots',
  description:
    'One row per field-goal attempt with its place. Natural key: game_id, player_id, period, clock, distance, location, shot_ordinal.',
  columns: {
    game_id: required.string('Official 10-digit game id, leading zeros restored'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label, 2023-24'),
    player_id: required.int('NBA player id'),
    team_id: nullable.int('NBA team id'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    zone: required.string('paint, mid_range or three'),
    basic_zone: required.string('Zone as printed by the provider'),
    made: required.bool('True when it went in'),
    points_value: required.int('2 or 3'),
    distance_feet: nullable.int('Distance in feet'),
    loc_x: nullable.float('Court x as printed', { decimals: 2 }),
    loc_y: nullable.float('Court y as printed', { decimals: 2 }),
    period: required.int('Quarter; 5 and more are overtimes'),
    seconds_left: required.int('Seconds left in the period'),
    shot_ordinal: required.int('0 for the first of otherwise equal shots, 1 for the second'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  writer: 'ingest',
});
export type Shot = RowOf<typeof shots>;

export const ingestedFiles = defineTable({
  dataset: 'nba_raw',
  name: 'ingested_files',
  description:
    'The receipt of every ingest of a file: loaded + duplicate + rejected = read. It stays when the rows are taken back.',
  columns: {
    receipt_id: required.string('Hash of path, content hash and time of the ingest'),
    source: required.string('Format of the file'),
    source_file: required.string('Path of the file below the ingested folder'),
    content_hash: required.string('SHA-256 of the bytes'),
    rows_read: required.int('Rows the file holds'),
    rows_loaded: required.int('Rows new to the warehouse'),
    rows_duplicate: required.int('Rows the warehouse already had, or that stand twice in the file'),
    rows_rejected: required.int('Rows in quarantine'),
    ingested_at: required.timestamp('When'),
    withdrawn_at: nullable.timestamp('When its rows were taken back'),
    withdrawn_reason: nullable.string('Why'),
  },
  key: ['receipt_id'],
  partition: 'ingested_at',
  writer: 'ingest',
});

export const rejectedRows = defineTable({
  dataset: 'nba_raw',
  name: 'rejected_rows',
  description:
    'Quarantine: every input row that was not loaded, with the reason. Nothing is dropped silently.',
  columns: {
    row_id: required.string('Hash of file path, line, field and reason'),
    source: required.string('Format of the file'),
    source_file: required.string('Path of the file below the ingested folder'),
    source_line: nullable.int('1-based line or record number'),
    field: required.string('The field that was wrong'),
    reason_code: required.string(
      'Stable reason, for example impossible_date, unknown_team, in_play_snapshot',
    ),
    reason: required.string('What was expected and what was seen'),
    raw_row: required.string('The row as text, cut at 2,000 characters'),
    ingested_at: required.timestamp('When the row was quarantined'),
  },
  key: ['row_id'],
  partition: 'ingested_at',
  writer: 'ingest',
});
