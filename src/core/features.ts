import { omitUndefined } from './omit-undefined.ts';

/**
 * A feature of the model: its column, its meaning, the SQL of its value, the table that computes it, the source of the value,
 * and whether it is required. Tables, statements, training vectors, the gate, the quality report and the docs are derived from
 * the list of features; a new feature is one new entry. Notation: E_h(x) is the exponentially weighted mean over games strictly
 * before the slate with a half-life of h games; at a season change the weights of a player are multiplied by 0.35, those of a
 * team by 0.25.
 */
export interface Feature {
  readonly name: string;
  readonly group: FeatureGroup;
  /** A missing required feature blocks the player's prediction; a missing optional one does not. */
  readonly required: boolean;
  readonly description: string;
  readonly value: FeatureValue;
  /** SQL, in the feature store, of the source letter of a value that is present. */
  readonly source: string;
  /** True for a 0/1 feature: a linear model must not standardise it, since a rare one has a tiny standard deviation. */
  readonly isIndicator?: true;
}

/** Where a value is computed, and its SQL there. The tables are those of `nba_precompute` and the feature store itself. */
type FeatureValue =
  | { readonly in: 'player_daily_cache'; readonly sql: (history: PlayerHistory) => string }
  | { readonly in: 'player_composite_factors'; readonly sql: (tonight: TeammatesTonight) => string }
  | { readonly in: 'ml_feature_store'; readonly sql: string };
export type FeatureOrigin = FeatureValue['in'];

/**
 * What the statement over a player's own games offers. Each call returns SQL for its final SELECT and makes the statement
 * compute what that SQL refers to, so nothing is averaged that no feature needs. Columns are those of a box score. The alias
 * `s` also has: slate, season and team_abbr of the last game, season_now and team_now, known_on (date of the last
 * game), games_career, games_in_season, games_with_team, weight8, weight32 and rate32.
 */
export interface PlayerHistory {
  /** E_h of a column. */
  ewma(halfLife: number, column: string): string;
  /** Mean of a column over the season of the last game. */
  seasonMean(column: string): string;
  /** A column in the last game. */
  latest(column: string): string;
  /** Mean or maximum of a column over the last games. */
  overLast(games: number, aggregate: 'AVG' | 'MAX', column: string): string;
  /** Sample standard deviation of a column over the last games, from three games on. */
  spread(games: number, column: string): string;
  /** A count per minute over E32, shrunk to the league by 60 minutes. */
  rate(column: string): string;
}

/**
 * What the statement over tonight's circumstances offers. The aliases are `t` (the player tonight), `d` (the opponent's
 * defence) and `z` (the player's shot zones).
 */
export interface TeammatesTonight {
  /** Sum over his teammates of E8 of a statistic times (their share of recent games minus P(plays) tonight). */
  freed(stat: string): string;
}

const FEATURE_GROUPS = [
  'minutes',
  'scoring',
  'counts',
  'volume',
  'opponent',
  'game',
  'schedule',
  'availability',
  'shots',
] as const;
type FeatureGroup = (typeof FEATURE_GROUPS)[number];

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

/** SQL of a source letter in the feature store, by where the value comes from. */
const FROM = {
  calendar: "'c'",
  feed: "CASE WHEN u.has_status_feed THEN 'f' ELSE 'h' END",
  /** Known of this season only, so that a value is history. */
  thisSeason: "'h'",
  /** The player's own games: of this season, or carried over. */
  ownGames: "CASE WHEN c.games_season > 0 THEN 'h' ELSE 's' END",
  team: teamGames('t'),
  opponent: teamGames('o'),
  bothTeams:
    "CASE WHEN t.games_season > 0 AND o.games_season > 0 THEN 'h' WHEN t.games_used > 0 AND o.games_used > 0 THEN 's' ELSE 'l' END",
} as const;

function teamGames(alias: string): string {
  return `CASE WHEN ${alias}.games_season > 0 THEN 'h' WHEN ${alias}.games_used > 0 THEN 's' ELSE 'l' END`;
}

type Described = Pick<Feature, 'name' | 'description'> & { readonly optional?: true };
type Cached = Described & { readonly from?: string; readonly sql: (history: PlayerHistory) => string };
type Stored = Described & { readonly from: string; readonly sql: string; readonly isIndicator?: true };
type Circumstance = Described & {
  readonly from: string;
  readonly sql: (tonight: TeammatesTonight) => string;
};

/** A feature of the player's own games. */
function ofHistory(group: FeatureGroup, { name, description, optional, from, sql }: Cached): Feature {
  return {
    name,
    group,
    required: optional !== true,
    description,
    value: { in: 'player_daily_cache', sql },
    source: from ?? FROM.ownGames,
  };
}

/** E_h of one column at some half-lives: `min_ewma4` is E4 of minutes. */
function averages(
  group: FeatureGroup,
  column: {
    readonly of: string;
    readonly as: string;
    readonly what: string;
    readonly halfLives: readonly number[];
  },
): Feature[] {
  return column.halfLives.map((h) =>
    ofHistory(group, {
      name: `${column.as}_ewma${h}`,
      description: `E${h} of ${column.what}`,
      sql: (history) => history.ewma(h, column.of),
    }),
  );
}

/** A feature of tonight's circumstances: teammates, match-up, fatigue. */
function ofTonight(group: FeatureGroup, { name, description, optional, from, sql }: Circumstance): Feature {
  return {
    name,
    group,
    required: optional !== true,
    description,
    value: { in: 'player_composite_factors', sql },
    source: from,
  };
}

/**
 * A feature that is a column of the feature store's own statement. Aliases: `u` the player's context, `g` his team's, `t`
 * his team's strength, `o` the opponent's, `z` his shot zones, `c` his cache, `f` his circumstances.
 */
function ofStore(
  group: FeatureGroup,
  { name, description, optional, from, sql, isIndicator }: Stored,
): Feature {
  return {
    name,
    group,
    required: optional !== true,
    description,
    value: { in: 'ml_feature_store', sql },
    source: from,
    ...omitUndefined({ isIndicator }),
  };
}

/** Minutes at the rate of E32 that a player's rate over E8 is shrunk by. */
const SHORT_RATE_PRIOR_MINUTES = 10;
/** Days since the last game are counted up to here. */
const MAX_ABSENCE_DAYS = 60;
/** Days since the last game before a team's season opener, at most: nobody can have missed a game yet. */
const SUMMER_DAYS = 5;
/** Points the home team is expected to win by, all else equal. */
export const HOME_MARGIN = 2.5;

/** Deductions from a fatigue score of 100 (fresh). Chosen by hand, not fitted: the score only ranks players, the model weighs it. */
const FATIGUE = {
  backToBack: 15,
  perGameBeyondThree: 6,
  perMinuteBeyondHundred: 0.2,
  perHeavyMinute: 1,
  heavyFrom: 34,
} as const;

/** The counts besides points, with their names in prose. Each has the same kinds of features. */
export const COUNTED: readonly { readonly stat: string; readonly words: string }[] = [
  { stat: 'reb', words: 'rebounds' },
  { stat: 'ast', words: 'assists' },
  { stat: 'fg3m', words: 'three-pointers made' },
  { stat: 'stl', words: 'steals' },
  { stat: 'blk', words: 'blocks' },
  { stat: 'tov', words: 'turnovers' },
];

/** What is measured against each defence: every count, and three-point attempts, which say more about a defence than how many were made. */
export const CONCEDED: typeof COUNTED = [...COUNTED, { stat: 'fg3a', words: 'three-point attempts' }];

function upperFirst(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Features of one count from a player's own games. None is required: points can be forecast without it. */
function ofCount({ stat, words }: (typeof COUNTED)[number]): readonly Feature[] {
  return [
    ...averages('counts', { of: stat, as: stat, what: words, halfLives: [4, 8, 32] }),
    ofHistory('counts', {
      name: `${stat}_season`,
      description: `Mean ${words} of the season so far, of the last season before its first game`,
      sql: (history) => history.seasonMean(stat),
    }),
    ofHistory('counts', {
      name: `${stat}_rate32`,
      description: `${upperFirst(words)} per minute over E32, shrunk to the league by 60 minutes`,
      sql: (history) => history.rate(stat),
    }),
    ofHistory('counts', {
      name: `${stat}_minutes_rate`,
      description: `E4 of minutes times ${stat}_rate32`,
      sql: (history) => `${history.ewma(4, 'minutes')} * ${history.rate(stat)}`,
    }),
  ].map((feature) => ({ ...feature, required: false }));
}

function ratioOf({ stat, words }: (typeof CONCEDED)[number]): Feature {
  return ofStore('opponent', {
    name: `opp_${stat}_ratio`,
    description: `${upperFirst(words)} against the opponent over what the players would be expected to have, shrunk by 40 expected ones`,
    optional: true,
    from: FROM.opponent,
    sql: `o.${stat}_ratio`,
  });
}

/** What absent teammates are expected to leave to the others tonight, beyond what they left in recent games. */
function freedOf(stat: string, words: string): Feature {
  return ofTonight('availability', {
    name: `freed_${stat}`,
    description: `${upperFirst(words)} that teammates are expected to leave: sum of E8 of ${words} times the share of the team’s games they played lately minus their probability to play tonight`,
    optional: true,
    from: FROM.feed,
    sql: ({ freed }) => freed(stat),
  });
}

/** Every feature of the model, in the order of its vectors. */
export const FEATURES: readonly Feature[] = [
  ...averages('minutes', { of: 'minutes', as: 'min', what: 'minutes', halfLives: [4, 8, 32] }),
  ofHistory('minutes', {
    name: 'min_season',
    description: 'Mean minutes of the season so far, of the last season before its first game',
    sql: (history) => history.seasonMean('minutes'),
  }),
  ofHistory('minutes', {
    name: 'min_last3',
    description: 'Mean minutes of the last three games',
    sql: (history) => history.overLast(3, 'AVG', 'minutes'),
  }),
  ofHistory('minutes', {
    name: 'min_last1',
    description: 'Minutes of the last game',
    sql: (history) => history.latest('minutes'),
  }),
  ofHistory('minutes', {
    name: 'min_sd10',
    description: 'Sample standard deviation of minutes over the last ten games, from three games on',
    optional: true,
    sql: (history) => history.spread(10, 'minutes'),
  }),
  ofHistory('minutes', {
    name: 'min_max10',
    description: 'Most minutes in the last ten games',
    sql: (history) => history.overLast(10, 'MAX', 'minutes'),
  }),
  ...averages('scoring', { of: 'points', as: 'pts', what: 'points', halfLives: [4, 8, 32] }),
  ofHistory('scoring', {
    name: 'pts_season',
    description: 'Mean points of the season so far, of the last season before its first game',
    sql: (history) => history.seasonMean('points'),
  }),
  ofHistory('scoring', {
    name: 'pts_sd10',
    description: 'Sample standard deviation of points over the last ten games, from three games on',
    optional: true,
    sql: (history) => history.spread(10, 'points'),
  }),
  ofHistory('scoring', {
    name: 'rate32',
    description: 'Points per minute over E32, shrunk to the league by 60 minutes',
    sql: () => 's.rate32',
  }),
  ofHistory('scoring', {
    name: 'ppm8',
    description: 'E8 of points over E8 of minutes, shrunk to rate32 by ten minutes',
    sql: (history) =>
      `fn.safe_div(s.weight8 * ${history.ewma(8, 'points')} + ${SHORT_RATE_PRIOR_MINUTES} * s.rate32, s.weight8 * ${history.ewma(8, 'minutes')} + ${SHORT_RATE_PRIOR_MINUTES})`,
  }),
  ofHistory('scoring', {
    name: 'minutes_rate',
    description: 'E4 of minutes times rate32: the best single forecast',
    sql: (history) => `${history.ewma(4, 'minutes')} * s.rate32`,
  }),
  ofHistory('scoring', {
    name: 'weight8',
    description: 'Weight sum behind the E8 values, in games',
    sql: () => 's.weight8',
  }),
  ofHistory('scoring', {
    name: 'weight32',
    description: 'Weight sum behind the E32 values, in games',
    sql: () => 's.weight32',
  }),
  ofHistory('scoring', {
    name: 'games_season',
    description: 'Games played this season',
    from: FROM.thisSeason,
    sql: () =>
      'CASE WHEN s.games_career IS NULL THEN NULL WHEN s.season = s.season_now THEN s.games_in_season ELSE 0 END',
  }),
  ofHistory('scoring', {
    name: 'games_career',
    description: 'Games played in the loaded history',
    sql: () => 's.games_career',
  }),
  ...averages('volume', { of: 'fga', as: 'fga', what: 'field-goal attempts', halfLives: [8, 32] }),
  ...averages('volume', { of: 'fg3a', as: 'fg3a', what: 'three-point attempts', halfLives: [8, 32] }),
  ...averages('volume', { of: 'fta', as: 'fta', what: 'free-throw attempts', halfLives: [8, 32] }),
  ...averages('volume', { of: 'oreb', as: 'oreb', what: 'offensive rebounds', halfLives: [32] }),
  ...COUNTED.flatMap(ofCount),
  ofStore('opponent', {
    name: 'opp_pts_allowed',
    description: 'Points the opponent allows per 48 minutes over the league, shrunk by six games',
    from: FROM.opponent,
    sql: 'o.pts_allowed',
  }),
  ofStore('opponent', {
    name: 'opp_points_ratio',
    description:
      'Points scored on the opponent over what the scorers would be expected to score, shrunk by 40 expected points',
    from: FROM.opponent,
    sql: 'o.points_ratio',
  }),
  ...CONCEDED.map(ratioOf),
  ofStore('game', {
    name: 'team_pace',
    description: 'Own possessions per 48 minutes over the league, shrunk by six games',
    from: FROM.team,
    sql: 't.pace',
  }),
  ofStore('game', {
    name: 'opp_pace',
    description: "Opponent's possessions per 48 minutes over the league, shrunk by six games",
    from: FROM.opponent,
    sql: 'o.pace',
  }),
  ofStore('game', {
    name: 'team_scoring',
    description: 'Own points per 48 minutes over the league, shrunk by six games',
    from: FROM.team,
    sql: 't.scoring',
  }),
  ofStore('game', {
    name: 'team_margin',
    description: 'Own mean point margin, shrunk to zero by six games',
    from: FROM.team,
    sql: 't.margin',
  }),
  ofStore('game', {
    name: 'opp_margin',
    description: "Opponent's mean point margin, shrunk to zero by six games",
    from: FROM.opponent,
    sql: 'o.margin',
  }),
  ofStore('game', {
    name: 'expected_margin',
    description: 'team_margin - opp_margin, plus 2.5 at home, minus 2.5 away',
    from: FROM.bothTeams,
    sql: `t.margin - o.margin + CASE WHEN u.is_home THEN ${HOME_MARGIN} ELSE ${-HOME_MARGIN} END`,
  }),
  ofStore('game', {
    name: 'is_home',
    description: '1 at home, 0 away',
    from: FROM.calendar,
    sql: 'CASE WHEN u.is_home THEN 1 ELSE 0 END',
    isIndicator: true,
  }),
  ofStore('game', {
    name: 'league_ppm',
    description: 'Points per player-minute of the league, days weighted by 0.985 a day',
    from: FROM.thisSeason,
    sql: 't.league_ppm',
  }),
  ofStore('schedule', {
    name: 'team_games',
    description: 'Games the team has played this season',
    from: FROM.calendar,
    sql: 'g.team_games',
  }),
  ofStore('schedule', {
    name: 'rest_days',
    description: 'Days off before this game, at most five; five before a season opener',
    from: FROM.calendar,
    sql: 'g.rest_days',
  }),
  ofStore('schedule', {
    name: 'opp_rest_days',
    description: "Opponent's days off, at most five",
    from: FROM.calendar,
    sql: 'g.opp_rest_days',
  }),
  ofStore('schedule', {
    name: 'is_b2b',
    description: '1 when the team played yesterday',
    from: FROM.calendar,
    sql: 'CASE WHEN g.is_b2b THEN 1 ELSE 0 END',
    isIndicator: true,
  }),
  ofHistory('schedule', {
    name: 'days_since_played',
    description:
      'Days since the player last played, at most sixty; at most five before a season opener of his team',
    sql: () =>
      `fn.least2(fn.days_between(s.known_on, s.slate), CASE WHEN s.team_games_season = 0 THEN ${SUMMER_DAYS} ELSE ${MAX_ABSENCE_DAYS} END)`,
  }),
  ofStore('schedule', {
    name: 'missed_last_team_game',
    description: '1 when the player did not play in the previous game of the team',
    from: FROM.thisSeason,
    sql: 'CASE WHEN COALESCE(u.missed_last_team_game, FALSE) THEN 1 ELSE 0 END',
    isIndicator: true,
  }),
  ofHistory('schedule', {
    name: 'games_with_team',
    description: 'Games with this team this season',
    from: FROM.thisSeason,
    sql: () =>
      'CASE WHEN s.season = s.season_now AND s.team_abbr = s.team_now THEN s.games_with_team ELSE 0 END',
  }),
  ofStore('schedule', {
    name: 'is_playoffs',
    description: '1 in play-in and playoffs',
    from: FROM.calendar,
    sql: "CASE WHEN u.season_type IN ('play_in', 'playoffs') THEN 1 ELSE 0 END",
    isIndicator: true,
  }),
  ofTonight('availability', {
    name: 'status_feed',
    description: '1 when an availability report on the team stood before the cut-off, 0 without one',
    optional: true,
    from: FROM.feed,
    sql: () => 'CASE WHEN t.has_status_feed THEN 1 ELSE 0 END',
  }),
  freedOf('min', 'minutes'),
  freedOf('pts', 'points'),
  ...COUNTED.map(({ stat, words }) => freedOf(stat, words)),
  ofHistory('shots', {
    name: 'three_rate',
    description: 'Share of attempts that are threes, E32 of attempts',
    optional: true,
    sql: (history) => `fn.safe_div(${history.ewma(32, 'fg3a')}, ${history.ewma(32, 'fga')})`,
  }),
  ofStore('shots', {
    name: 'paint_rate',
    description: 'Share of attempts in the paint this season, from shot locations',
    optional: true,
    from: FROM.thisSeason,
    sql: 'z.paint_rate',
  }),
  ofStore('shots', {
    name: 'mid_rate',
    description: 'Share of mid-range attempts this season, from shot locations',
    optional: true,
    from: FROM.thisSeason,
    sql: 'z.mid_rate',
  }),
  ofTonight('shots', {
    name: 'zone_matchup',
    description:
      'Opponent field-goal percentage allowed over the league, by zone, weighted with the player’s zones, in points per 100 shots',
    optional: true,
    from: FROM.thisSeason,
    sql: () => 'z.paint_rate * d.paint_allowed + z.mid_rate * d.mid_allowed + z.three_rate * d.three_allowed',
  }),
  ofTonight('schedule', {
    name: 'fatigue_score',
    description:
      '100 is fresh: back-to-back, games and minutes in the last seven days, heavy minutes subtract',
    from: FROM.ownGames,
    sql: () => `fn.clamp(
    100 - CASE WHEN t.is_b2b THEN ${FATIGUE.backToBack} ELSE 0 END
      - ${FATIGUE.perGameBeyondThree} * fn.greatest2(t.games_last7 - 3, 0)
      - ${FATIGUE.perMinuteBeyondHundred} * fn.greatest2(t.minutes_last7 - 100, 0)
      - ${FATIGUE.perHeavyMinute} * fn.greatest2(t.min_ewma4 - ${FATIGUE.heavyFrom}, 0),
    0, 100)`,
  }),
];

export const FEATURE_NAMES: readonly string[] = FEATURES.map((f) => f.name);
export const REQUIRED_FEATURES: readonly string[] = FEATURES.filter((f) => f.required).map((f) => f.name);

/** Features whose value is computed in a table. */
export function featuresIn(
  origin: FeatureOrigin,
  features: readonly Feature[] = FEATURES,
): readonly Feature[] {
  return features.filter(({ value }) => value.in === origin);
}

/** What values of a feature are possible, by what it measures; undefined where nothing is known of it. */
export function featureRange({ name }: Pick<Feature, 'name'>): readonly [number, number] | undefined {
  return RANGES.find(([pattern]) => pattern.test(name))?.[1];
}

const RANGES: readonly (readonly [RegExp, readonly [number, number]])[] = [
  [/^(?:is_|missed_|status_feed)/, [0, 1]],
  [/^(?:three|paint|mid)_rate$/, [0, 1]],
  [/rest_days$/, [0, 5]],
  [/^fatigue_score$/, [0, 100]],
  [/^min_/, [0, 70]],
  [/^pts_/, [0, 110]],
  [/_ratio$/, [0.2, 5]],
  [/(?:^|_)rate32$|^ppm8$/, [0, 4]],
  [/minutes_rate$/, [0, 110]],
  [/^(?:reb|ast|fg3m|fg3a|fga|fta|oreb|stl|blk|tov)_(?:ewma\d+|season)$/, [0, 70]],
  [/(?:pace|scoring|margin|pts_allowed)$/, [-80, 80]],
  [/^league_ppm$/, [0.2, 1.2]],
  [/^freed_/, [-300, 300]],
  [/^(?:team_games|games_|weight|days_since)/, [0, 20_000]],
];
