/**
 * The feature contract: every feature of the model, once. Columns of the feature store, training, gate, quality report
 * and docs are derived from this list; vectors are built by name. Definitions follow the notation of the docs:
 * E_h(x) is the exponentially weighted mean over games strictly before the slate with a half-life of h games, the
 * state multiplied by 0.35 at a season change (team state by 0.25).
 */
export interface Feature {
  readonly name: string;
  readonly group: FeatureGroup;
  /** A required feature that is not there blocks the player's prediction; an optional one does not. */
  readonly required: boolean;
  readonly description: string;
}

export const FEATURE_GROUPS = [
  'minutes',
  'scoring',
  'volume',
  'opponent',
  'game',
  'schedule',
  'availability',
  'shots',
] as const;
export type FeatureGroup = (typeof FEATURE_GROUPS)[number];

/** One letter per source of a value, as stored in `feature_sources`, with the quality it earns (0 to 100). */
export const FEATURE_SOURCES = {
  h: { name: 'history', quality: 100, meaning: 'computed from games of this season before the slate' },
  s: { name: 'season_prior', quality: 85, meaning: 'carried over from earlier seasons only' },
  l: { name: 'league_prior', quality: 70, meaning: 'the league average stands in for missing history' },
  f: {
    name: 'status_feed',
    quality: 100,
    meaning: 'from an availability report published before the cut-off',
  },
  c: { name: 'schedule', quality: 100, meaning: 'from the calendar alone' },
  d: {
    name: 'default',
    quality: 0,
    meaning: 'a stand-in value; blocks the prediction where the feature is required',
  },
  m: { name: 'missing', quality: 0, meaning: 'no value (null)' },
} as const;
export type FeatureSource = keyof typeof FEATURE_SOURCES;

const of =
  (group: FeatureGroup, required: boolean) =>
  (name: string, description: string): Feature => ({ name, group, required, description });
const [minutes, minutesOptional] = [of('minutes', true), of('minutes', false)];
const [scoring, scoringOptional] = [of('scoring', true), of('scoring', false)];
const volume = of('volume', true);
const opponent = of('opponent', true);
const game = of('game', true);
const schedule = of('schedule', true);
const availability = of('availability', false);
const shots = of('shots', false);

export const FEATURES: readonly Feature[] = [
  minutes('min_ewma2', 'E2 of minutes'),
  minutes('min_ewma4', 'E4 of minutes'),
  minutes('min_ewma8', 'E8 of minutes'),
  minutes('min_ewma16', 'E16 of minutes'),
  minutes('min_ewma32', 'E32 of minutes'),
  minutes('min_season', 'Mean minutes of the season so far, of the last season before its first game'),
  minutes('min_last3', 'Mean minutes of the last three games'),
  minutes('min_last1', 'Minutes of the last game'),
  minutesOptional(
    'min_sd10',
    'Sample standard deviation of minutes over the last ten games, from three games on',
  ),
  minutes('min_max10', 'Most minutes in the last ten games'),
  scoring('pts_ewma2', 'E2 of points'),
  scoring('pts_ewma4', 'E4 of points'),
  scoring('pts_ewma8', 'E8 of points'),
  scoring('pts_ewma16', 'E16 of points'),
  scoring('pts_ewma32', 'E32 of points'),
  scoring('pts_season', 'Mean points of the season so far, of the last season before its first game'),
  scoringOptional(
    'pts_sd10',
    'Sample standard deviation of points over the last ten games, from three games on',
  ),
  scoring('rate32', 'Points per minute over E32, shrunk to the league by 60 minutes'),
  scoring('ppm8', 'E8 of points over E8 of minutes, shrunk to rate32 by ten minutes'),
  scoring('minutes_rate', 'E4 of minutes times rate32: the best single forecast'),
  scoring('weight8', 'Weight sum behind the E8 values, in games'),
  scoring('weight32', 'Weight sum behind the E32 values, in games'),
  scoring('games_season', 'Games played this season'),
  scoring('games_career', 'Games played in the loaded history'),
  volume('fga_ewma4', 'E4 of field-goal attempts'),
  volume('fga_ewma8', 'E8 of field-goal attempts'),
  volume('fga_ewma32', 'E32 of field-goal attempts'),
  volume('fg3a_ewma8', 'E8 of three-point attempts'),
  volume('fg3a_ewma32', 'E32 of three-point attempts'),
  volume('fta_ewma8', 'E8 of free-throw attempts'),
  volume('fta_ewma32', 'E32 of free-throw attempts'),
  volume('fgm_ewma32', 'E32 of field goals made'),
  volume('fg3m_ewma32', 'E32 of three-pointers made'),
  volume('ftm_ewma32', 'E32 of free throws made'),
  volume('tov_ewma32', 'E32 of turnovers'),
  opponent(
    'opp_pts_allowed',
    'Points the opponent allows per 48 minutes over the league, shrunk by six games',
  ),
  opponent(
    'opp_points_ratio',
    'Points scored on the opponent over what the scorers would be expected to score, shrunk by 40 expected points',
  ),
  game('team_pace', 'Own possessions per 48 minutes over the league, shrunk by six games'),
  game('opp_pace', "Opponent's possessions per 48 minutes over the league, shrunk by six games"),
  game('team_scoring', 'Own points per 48 minutes over the league, shrunk by six games'),
  game('team_margin', 'Own mean point margin, shrunk to zero by six games'),
  game('opp_margin', "Opponent's mean point margin, shrunk to zero by six games"),
  game('expected_margin', 'team_margin - opp_margin, plus 2.5 at home, minus 2.5 away'),
  game('is_home', '1 at home, 0 away'),
  game('league_ppm', 'Points per player-minute of the league, days weighted by 0.985 a day'),
  schedule('team_games', 'Games the team has played this season'),
  schedule('rest_days', 'Days off before this game, at most five; five before a season opener'),
  schedule('opp_rest_days', "Opponent's days off, at most five"),
  schedule('is_b2b', '1 when the team played yesterday'),
  schedule('days_since_played', 'Days since the player last played, at most sixty'),
  schedule('missed_last_team_game', '1 when the player did not play in the previous game of the team'),
  schedule('games_with_team', 'Games with this team this season'),
  schedule('is_playoffs', '1 in play-in and playoffs'),
  availability(
    'vacated_min',
    'E8 minutes of rotation teammates (E8 of 12 and more, played in the last 20 days) who are out',
  ),
  availability('vacated_pts', 'E8 points of those teammates'),
  availability('vacated_fga', 'E8 field-goal attempts of those teammates'),
  availability('vacated_count', 'Number of those teammates'),
  availability(
    'returning_min',
    'E8 minutes of rotation teammates who missed the last team game and are not out tonight',
  ),
  availability('returning_pts', 'E8 points of those teammates'),
  shots('three_rate', 'Share of attempts that are threes, E32 of attempts'),
  shots('paint_rate', 'Share of attempts in the paint this season, from shot locations'),
  shots('mid_rate', 'Share of mid-range attempts this season, from shot locations'),
  shots(
    'zone_matchup',
    'Opponent field-goal percentage allowed over the league, by zone, weighted with the player’s zones, in points per 100 shots',
  ),
  schedule(
    'fatigue_score',
    '100 is fresh: back-to-back, games and minutes in the last seven days, heavy minutes subtract',
  ),
];

/** Position of a feature in `feature_sources` (1-based, as SUBSTR counts). */
export const FEATURE_POSITION: Readonly<Record<string, number>> = Object.fromEntries(
  FEATURES.map((f, i) => [f.name, i + 1]),
);

export const FEATURE_NAMES: readonly string[] = FEATURES.map((f) => f.name);
export const REQUIRED_FEATURES: readonly string[] = FEATURES.filter((f) => f.required).map((f) => f.name);
