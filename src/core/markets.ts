import { TipoffError } from './errors.ts';

/**
 * The markets: the statistics that bookmakers quote lines on. Everything that differs between markets is declared here;
 * lines, forecasts, predictions, picks, grades, exports and checks carry a market id and look the rest up.
 */

/** Columns of a player's box score that a market may count. */
export type CountedColumn = 'points' | 'reb' | 'ast' | 'fg3m' | 'stl' | 'blk' | 'tov';

/** Columns of the feature store that forecast one count, by their role. */
export interface MarketFeatures {
  /** The name of the count within column names, such as `pts` in pts_ewma8 and freed_pts. */
  readonly stat: string;
  /** Exponentially weighted mean with a half-life of eight games: the baseline `ewma8`. */
  readonly ewma8: string;
  /** Expected minutes times the rate per minute: the baseline `minutes_rate`. */
  readonly minutesRate: string;
  /** Rate per minute. */
  readonly rate: string;
  /** How much of the count the opponent allows, relative to expectation. */
  readonly opponentRatio: string;
  /** The same for the attempts behind the count; absent where attempts are not counted. */
  readonly opponentAttemptsRatio?: string;
  /** The long average that tells who never tries; absent where everybody counts something now and then. */
  readonly triedAverage?: string;
  /** Features of another count that say something about this one; absent where there are none. */
  readonly ofOthers?: readonly string[];
}

export type MarketId =
  | 'points'
  | 'rebounds'
  | 'assists'
  | 'threes'
  | 'pra'
  | 'pr'
  | 'pa'
  | 'ra'
  | 'steals'
  | 'blocks'
  | 'turnovers';

export interface Market {
  readonly id: MarketId;
  /** Display name. */
  readonly label: string;
  /** Markets it is the sum of; empty where it counts one thing. */
  readonly parts: readonly MarketId[];
  /** The outcome is the sum of these columns. */
  readonly counts: readonly CountedColumn[];
  /** Outcomes are whole numbers from 0 to `max`; the last one stands for everything above. */
  readonly max: number;
  /** Largest standard deviation a forecast may have. */
  readonly maxSd: number;
  /** Its name at The Odds API, and in files that use those names. */
  readonly oddsApiKey: string;
  /** True when lines on it are fetched and loaded. */
  readonly hasLines: boolean;
  /** Features of each count: a sum of counts is forecast as the sum of its parts. */
  readonly features: readonly MarketFeatures[];
}

/** The features of a count, named by its column. */
function featuresOf(stat: string): MarketFeatures {
  return {
    stat,
    ewma8: `${stat}_ewma8`,
    minutesRate: `${stat}_minutes_rate`,
    rate: `${stat}_rate32`,
    opponentRatio: `opp_${stat}_ratio`,
  };
}

/** How much of the offence a player has had lately, and what of it absent teammates leave. */
const LATELY_SCORED: readonly string[] = ['pts_ewma4', 'pts_ewma8', 'freed_pts'];

const points: Market = {
  id: 'points',
  label: 'Points',
  parts: [],
  counts: ['points'],
  max: 80,
  maxSd: 30,
  oddsApiKey: 'player_points',
  hasLines: true,
  features: [
    {
      stat: 'pts',
      ewma8: 'pts_ewma8',
      minutesRate: 'minutes_rate',
      rate: 'rate32',
      opponentRatio: 'opp_points_ratio',
    },
  ],
};

const rebounds: Market = {
  id: 'rebounds',
  label: 'Rebounds',
  parts: [],
  counts: ['reb'],
  max: 40,
  maxSd: 15,
  oddsApiKey: 'player_rebounds',
  hasLines: true,
  features: [featuresOf('reb')],
};

const assists: Market = {
  id: 'assists',
  label: 'Assists',
  parts: [],
  counts: ['ast'],
  max: 35,
  maxSd: 15,
  oddsApiKey: 'player_assists',
  hasLines: true,
  features: [featuresOf('ast')],
};

const threes: Market = {
  id: 'threes',
  label: 'Threes',
  parts: [],
  counts: ['fg3m'],
  max: 20,
  maxSd: 8,
  oddsApiKey: 'player_threes',
  hasLines: true,
  features: [
    {
      ...featuresOf('fg3m'),
      opponentAttemptsRatio: 'opp_fg3a_ratio',
      triedAverage: 'fg3m_ewma32',
      ofOthers: LATELY_SCORED,
    },
  ],
};

/** A market that is the sum of others: it counts what they count. */
function sumOf(
  parts: readonly Market[],
  rest: Pick<Market, 'id' | 'oddsApiKey' | 'hasLines' | 'max' | 'maxSd'>,
): Market {
  return {
    ...rest,
    label: parts.map(({ label }) => label.toLowerCase()).join(' + '),
    parts: parts.map(({ id }) => id),
    counts: parts.flatMap(({ counts }) => counts),
    features: parts.flatMap(({ features }) => features),
  };
}

/** Every market, in the order in which they are shown. */
export const MARKETS: readonly Market[] = [
  points,
  rebounds,
  assists,
  threes,
  sumOf([points, rebounds, assists], {
    id: 'pra',
    oddsApiKey: 'player_points_rebounds_assists',
    hasLines: true,
    max: 120,
    maxSd: 40,
  }),
  sumOf([points, rebounds], {
    id: 'pr',
    oddsApiKey: 'player_points_rebounds',
    hasLines: true,
    max: 110,
    maxSd: 35,
  }),
  sumOf([points, assists], {
    id: 'pa',
    oddsApiKey: 'player_points_assists',
    hasLines: true,
    max: 110,
    maxSd: 35,
  }),
  sumOf([rebounds, assists], {
    id: 'ra',
    oddsApiKey: 'player_rebounds_assists',
    hasLines: true,
    max: 60,
    maxSd: 20,
  }),
  {
    id: 'steals',
    label: 'Steals',
    parts: [],
    counts: ['stl'],
    max: 15,
    maxSd: 6,
    oddsApiKey: 'player_steals',
    hasLines: true,
    features: [featuresOf('stl')],
  },
  {
    id: 'blocks',
    label: 'Blocks',
    parts: [],
    counts: ['blk'],
    max: 18,
    maxSd: 6,
    oddsApiKey: 'player_blocks',
    hasLines: true,
    features: [featuresOf('blk')],
  },
  {
    id: 'turnovers',
    label: 'Turnovers',
    parts: [],
    counts: ['tov'],
    max: 16,
    maxSd: 6,
    oddsApiKey: 'player_turnovers',
    hasLines: true,
    // Whoever handles the ball loses it: recent assists and points tell it sooner than recent turnovers do, of which there are fewer.
    features: [{ ...featuresOf('tov'), ofOthers: ['ast_ewma4', 'ast_ewma8', 'freed_ast', ...LATELY_SCORED] }],
  },
];

/** The markets that are predicted and published: those on which bookmakers quote lines. */
export const PUBLISHED_MARKETS: readonly Market[] = MARKETS.filter(({ hasLines }) => hasLines);

/** The market used wherever only one is shown and none was requested: the table of picks, the line in a player's context. */
export const MAIN_MARKET: Market = points;

/** Ids of the published markets as a SQL list, for `market IN (…)`. */
export const PUBLISHED_IN = `(${PUBLISHED_MARKETS.map(({ id }) => `'${id}'`).join(', ')})`;

/** The market with an id; undefined for an unknown id. */
export function marketOf(id: string): Market | undefined {
  return MARKETS.find((market) => market.id === id);
}

/** The market with an id. Throws TIPOFF_BAD_INPUT for an unknown id. */
export function parseMarket(text: string): Market {
  const market = marketOf(text);
  if (market !== undefined) return market;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected the id of a market, saw "${text}"`, {
    hint: `Write one of ${MARKETS.map(({ id }) => id).join(', ')}.`,
    details: { market: text },
  });
}

/** The markets that a market is the sum of; itself where it counts one thing. */
export function partsOf(market: Market): readonly Market[] {
  return market.parts.length === 0 ? [market] : MARKETS.filter(({ id }) => market.parts.includes(id));
}

/** SQL: what a player did in a market, from the columns of his box score under `alias`; null when one of them is null. */
export function countedSql({ counts }: Market, alias: string): string {
  return counts.map((column) => `${alias}.${column}`).join(' + ');
}

/** SQL: the same for the market in a column, such as `p.market`; null for an unknown market. */
export function countedByMarketSql(market: string, alias: string): string {
  const cases = MARKETS.map((one) => `WHEN '${one.id}' THEN ${countedSql(one, alias)}`);
  return `CASE ${market} ${cases.join(' ')} END`;
}

/**
 * SQL: whether a player counts as having played, from his summary under `alias`: one who came in for no whole second and made no
 * point does not. Neither does one without a summary.
 */
export function hasPlayedSql(alias: string): string {
  return `COALESCE(${alias}.played, FALSE) AND NOT (COALESCE(${alias}.minutes, 0) = 0 AND COALESCE(${alias}.points, 0) = 0)`;
}

/** Spread of a market relative to points: dividing distances by it makes them comparable across markets. */
export function scaleOf({ maxSd }: Market): number {
  return maxSd / MAIN_MARKET.maxSd;
}

/** SQL: the scale of the market in a column; null for an unknown market. */
export function scaleByMarketSql(market: string): string {
  return `CASE ${market} ${MARKETS.map((one) => `WHEN '${one.id}' THEN ${scaleOf(one)}`).join(' ')} END`;
}

/** SQL: whether forecast, mean and standard deviation of a row are possible for the market in a column; false for an unknown market. */
export function isPossibleSql(market: string): string {
  const cases = MARKETS.map(
    ({ id, max, maxSd }) =>
      `WHEN '${id}' THEN predicted BETWEEN 0 AND ${max} AND mean BETWEEN 0 AND ${max} AND sd <= ${maxSd}`,
  );
  return `CASE ${market} ${cases.join(' ')} ELSE FALSE END`;
}

/** The range in which every published market lies: [0, the largest]. */
export function publishedRange(limit: 'max' | 'maxSd'): readonly [number, number] {
  return [0, Math.max(...PUBLISHED_MARKETS.map((market) => market[limit]))];
}
