import { CONCEDED, COUNTED } from '#core/features.ts';
import { type Column, defineTable, nullable, required } from './define.ts';
import { columnsComputedIn } from './nba_predictions.ts';

const exact = { decimals: 6 } as const;

/** What a team allows of each count, and the league's rate of it. */
function countColumns(): Record<string, Column<'FLOAT64', false>> {
  return Object.fromEntries(
    CONCEDED.flatMap(({ stat, words }) => [
      [`${stat}_ratio`, nullable.float(`As points_ratio, of ${words}`, exact)],
      [`league_${stat}`, nullable.float(`As league_ppm, of ${words}`, exact)],
    ]),
  );
}

export const teamDefenseZoneAnalysis = defineTable({
  dataset: 'nba_precompute',
  name: 'team_defense_zone_analysis',
  description:
    'One row per team and slate on which it plays: strength, pace and defence from games strictly before the slate.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    team_abbr: required.string('Three-letter team code'),
    season: required.string('Season label'),
    games_used: required.int('Counted games behind the values, all seasons'),
    games_season: required.int('Counted games of this season behind the values'),
    weight16: required.float('Weight sum behind the values, in games', exact),
    pts_allowed: nullable.float('Points allowed per 48 minutes over the league, shrunk by six games', exact),
    points_ratio: nullable.float(
      'Points scored on the team over what the scorers would be expected to score, shrunk by 40 expected points',
      exact,
    ),
    pace: nullable.float('Possessions per 48 minutes over the league, shrunk by six games', exact),
    scoring: nullable.float('Points per 48 minutes over the league, shrunk by six games', exact),
    margin: nullable.float('Mean point margin, shrunk to zero by six games', exact),
    league_ppm: nullable.float('Points per player-minute of the league, days weighted by 0.985 a day', exact),
    league_pace: nullable.float(
      'Possessions per 48 minutes of the league, days weighted by 0.985 a day',
      exact,
    ),
    league_scoring: nullable.float(
      'Points per 48 minutes of the league, days weighted by 0.985 a day',
      exact,
    ),
    ...countColumns(),
    paint_allowed: nullable.float(
      'Field-goal percentage allowed in the paint over the league this season, shrunk by 100 attempts; null without shot data',
      exact,
    ),
    mid_allowed: nullable.float('The same for mid-range attempts', exact),
    three_allowed: nullable.float('The same for three-point attempts', exact),
  },
  key: ['slate', 'team_abbr'],
  partition: 'slate',
  writer: 'TeamDefenseZoneAnalysis',
});

const playerShotZoneAnalysisExact = { decimals: 6 } as const;

export const playerShotZoneAnalysis = defineTable({
  dataset: 'nba_precompute',
  name: 'player_shot_zone_analysis',
  description: 'One row per expected player and slate: where his shots come from, strictly before the slate.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    attempts: required.int('Located attempts this season before the slate; 0 without shot data'),
    paint_rate: nullable.float(
      'Share of attempts in the paint this season; null without attempts',
      playerShotZoneAnalysisExact,
    ),
    mid_rate: nullable.float('Share of mid-range attempts this season', playerShotZoneAnalysisExact),
    three_rate: nullable.float('Share of three-point attempts this season', playerShotZoneAnalysisExact),
    paint_pct: nullable.float('Field-goal percentage in the paint this season', playerShotZoneAnalysisExact),
    mid_pct: nullable.float('Field-goal percentage from mid-range this season', playerShotZoneAnalysisExact),
    three_pct: nullable.float('Field-goal percentage from three this season', playerShotZoneAnalysisExact),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerShotZoneAnalysis',
});

export const playerDailyCache = defineTable({
  dataset: 'nba_precompute',
  name: 'player_daily_cache',
  description: 'One row per expected player and slate: what his own games strictly before the slate say.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    team_abbr: required.string('Team of tonight'),
    last_played_on: nullable.date('Last game played before the slate'),
    games_last7: required.int('Games played in the seven days before the slate'),
    minutes_last7: required.float('Minutes in those games', { decimals: 3, range: [0, 420] }),
    ...columnsComputedIn('player_daily_cache'),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerDailyCache',
});

/** What is expected of a teammate, by name: the features `freed_<stat>` sum it up. */
export const AVAILABLE_STATS: readonly string[] = ['min', 'pts', ...COUNTED.map(({ stat }) => stat)];

export const playerAvailability = defineTable({
  dataset: 'nba_precompute',
  name: 'player_availability',
  description:
    'One row per team of the slate and player who shared in its games lately: how likely he plays, from what was known before the cut-off, and what he does when he plays. Whether he played is an outcome and is never read for the slate itself.',
  columns: {
    slate: required.date('ET calendar date of tip-off'),
    team_abbr: required.string('Three-letter team code'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    is_member: required.bool(
      'His last game before the slate was for this team, and no other team has listed him since',
    ),
    games_missed: required.int('Games of the team that he missed in a row, of this season only'),
    share: required.float(
      'Share of the team’s games that he played, weights halved every eight games and times 0.25 over the summer',
      { ...exact, range: [0, 1] },
    ),
    status_class: nullable.string(
      'Status at the cut-off; unlisted where the list of the team does not name him, not_yet_submitted where there is none yet, none where no report stood; null for who has left or is long gone and not listed',
    ),
    min_ewma4: required.float('E4 of minutes', { ...exact, range: [0, 65] }),
    ...Object.fromEntries(
      AVAILABLE_STATS.map((stat) => [`${stat}_ewma8`, nullable.float(`E8 of ${stat}`, exact)] as const),
    ),
    p_plays: required.float('Probability that he plays, counted on earlier slates', {
      decimals: 6,
      range: [0, 1],
    }),
  },
  key: ['slate', 'team_abbr', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerAvailability',
});

export const playerCompositeFactors = defineTable({
  dataset: 'nba_precompute',
  name: 'player_composite_factors',
  description:
    'One row per expected player and slate: what the game, the schedule, the teammates and the opponent add.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    p_plays: nullable.float(
      'Probability that he plays, from player_availability; null for who did not share in the team’s games lately',
      { decimals: 6, range: [0, 1] },
    ),
    ...columnsComputedIn('player_composite_factors'),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerCompositeFactors',
});
