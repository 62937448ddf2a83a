import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

const exact = { decimals: 6 } as const;

export const teamDefenseZoneAnalysis = defineTable({
  dataset: 'nba_precompute',
  name: 'team_defense_zone_analysis',
  description: 'One row per team and slate on which it plays: strength, pace and defence from games strictly before the slate.',
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
    league_pace: nullable.float('Possessions per 48 minutes of the league, days weighted by 0.985 a day', exact),
    league_scoring: nullable.float('Points per 48 minutes of the league, days weighted by 0.985 a day', exact),
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
export type TeamDefenseZoneAnalysis = RowOf<typeof teamDefenseZoneAnalysis>;
