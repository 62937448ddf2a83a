import { addDays, easternInstant } from '#core/calendar.ts';
import { outOf, percentOf } from '#core/format.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import type { Found, Question, StatusDeps, StatusMoment } from '#guard/status/answer.ts';
import { COUNTED_GRADES } from '#pipeline/grade/grade.ts';

const CHAIN = `
SELECT g.away_abbr || ' @ ' || g.home_abbr AS game, g.status, COALESCE(r.teams, 0) AS boxed, COALESCE(t.teams, 0) AS team_summaries,
  COALESCE(s.teams, 0) AS player_summaries
FROM nba_reference.counted_games g
LEFT JOIN (
  SELECT game_id, COUNT(DISTINCT team_abbr) AS teams FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) GROUP BY game_id
) r ON r.game_id = g.game_id
LEFT JOIN (
  SELECT game_id, COUNT(DISTINCT team_abbr) AS teams FROM nba_analytics.team_game_summary WHERE slate = CAST(@slate AS DATE) GROUP BY game_id
) t ON t.game_id = g.game_id
LEFT JOIN (
  SELECT game_id, COUNT(DISTINCT team_abbr) AS teams FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE) GROUP BY game_id
) s ON s.game_id = g.game_id
WHERE g.slate = CAST(@slate AS DATE)
ORDER BY g.tipoff_at, g.game_id`;

interface Chain {
  readonly game: string;
  readonly status: string;
  readonly boxed: number;
  readonly team_summaries: number;
  readonly player_summaries: number;
}

async function processed(
  { warehouse }: StatusDeps,
  { slate, lastNight, noGames }: StatusMoment,
): Promise<Found> {
  if (lastNight === undefined)
    return { verdict: 'idle', answer: 'The schedule has no game day before this one.' };
  const games = await warehouse.query<Chain>(CHAIN, { slate: lastNight });
  const [cache] = await warehouse.query<{ due: number; there: number }>(
    `SELECT COUNT(*) AS due, COUNT(c.player_id) AS there
     FROM nba_analytics.upcoming_player_game_context u
     LEFT JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id
     WHERE u.slate = CAST(@slate AS DATE)`,
    { slate },
  );
  const isWhole = (game: Chain): boolean =>
    game.boxed === 2 && game.team_summaries === 2 && game.player_summaries === 2;
  const missing = games.filter((game) => !isWhole(game));
  const isLoaded = missing.every(({ boxed }) => boxed === 2);
  const cached =
    noGames === undefined && cache !== undefined
      ? `; cache of ${slate}: ${outOf(cache.there, cache.due)} players`
      : '';
  const cacheShort = noGames === undefined && cache !== undefined && cache.there < cache.due;
  return {
    verdict: missing.length > 0 ? 'bad' : cacheShort ? 'attention' : 'good',
    answer: `${outOf(games.length - missing.length, games.length)} games of ${lastNight} went from box score to summaries${missing.length > 0 ? `; missing: ${missing.map(({ game }) => game).join(', ')}${isLoaded ? ', whose box scores are loaded' : ''}` : ''}${cached}.`,
    table: {
      header: ['game', 'status', 'box score', 'team summary', 'player summary'],
      rows: games.map(({ game, status, boxed, team_summaries, player_summaries }) => [
        game,
        status,
        teams(boxed),
        teams(team_summaries),
        teams(player_summaries),
      ]),
    },
    ...(missing.length > 0
      ? { next: isLoaded ? `tipoff day ${slate}` : `tipoff ingest <box scores>, then tipoff day ${slate}` }
      : {}),
  };
}

const teams = (count: number): string => (count === 2 ? 'both teams' : count === 0 ? 'missing' : 'one team');

const GRADED = `
SELECT p.market, p.system_id, COUNT(*) AS gradable, COUNT(DISTINCT p.game_id) AS games, COUNTIF(g.prediction_id IS NOT NULL) AS graded,
  COUNTIF(g.is_actionable AND g.outcome = 'win') AS wins, COUNTIF(g.is_actionable AND g.outcome = 'loss') AS losses,
  COUNTIF(g.outcome = 'void') AS voids, COUNTIF(g.is_actionable AND g.outcome = 'push') AS pushes,
  AVG(CASE WHEN p.line_role <> 'second' THEN g.absolute_error END) AS mae
FROM nba_predictions.current_predictions p
LEFT JOIN (${COUNTED_GRADES}) g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
JOIN nba_reference.schedule s ON s.game_id = p.game_id AND s.slate = p.slate
WHERE p.slate = CAST(@slate AS DATE) AND s.status = 'final'
GROUP BY p.market, p.system_id ORDER BY p.market, p.system_id`;

interface GradedRow {
  readonly market: string;
  readonly system_id: string;
  readonly gradable: number;
  readonly games: number;
  readonly graded: number;
  readonly wins: number;
  readonly losses: number;
  readonly pushes: number;
  readonly voids: number;
  readonly mae: number | null;
}

async function graded({ warehouse }: StatusDeps, { lastNight, now }: StatusMoment): Promise<Found> {
  if (lastNight === undefined)
    return { verdict: 'idle', answer: 'There is no game day before this one to grade.' };
  const systems = await warehouse.query<GradedRow>(GRADED, {
    slate: lastNight,
    from: lastNight,
    to: lastNight,
  });
  if (systems.length === 0)
    return {
      verdict: 'idle',
      answer: `Nothing of ${lastNight} is gradable: no final game with predictions.`,
    };
  const sum = (key: 'gradable' | 'graded'): number =>
    systems.reduce((total, system) => total + system[key], 0);
  const champion =
    systems.find(({ market, system_id }) => market === MAIN_MARKET.id && system_id === 'ridge') ?? systems[0];
  const isDue = now >= easternInstant(addDays(lastNight, 1), '09:30');
  const whole = sum('graded') === sum('gradable');
  return {
    verdict: whole ? 'good' : sum('graded') < 0.8 * sum('gradable') && isDue ? 'bad' : 'attention',
    answer: `${percentOf(sum('graded'), sum('gradable'))} of the gradable rows of ${lastNight} are graded${champion === undefined ? '' : `; ${champion.system_id}: ${champion.wins}-${champion.losses}${champion.pushes > 0 ? `-${champion.pushes}` : ''} (${hitRate(champion)}), mean error ${champion.mae?.toFixed(2) ?? 'unknown'} ${champion.market}`}.`,
    table: {
      header: [
        'market',
        'system',
        'gradable',
        'graded',
        'won',
        'lost',
        'push',
        'void',
        'hit rate',
        'mean error',
      ],
      rows: systems.map((row) => [
        row.market,
        row.system_id,
        row.gradable,
        row.graded,
        row.wins,
        row.losses,
        row.pushes,
        row.voids,
        hitRate(row),
        row.mae?.toFixed(2) ?? '',
      ]),
    },
    ...(whole ? {} : { next: `tipoff grade ${lastNight}` }),
  };
}

function hitRate({ wins, losses }: GradedRow): string {
  return wins + losses === 0 ? 'no decided picks' : `${((wins / (wins + losses)) * 100).toFixed(1)} %`;
}

export const LAST_NIGHT: readonly Question[] = [
  {
    number: 2,
    name: 'Last night',
    question:
      "Did all of last night's games get processed (box score, summary, cache), and which game is missing?",
    canaries: ['box_scores_missing', 'games_summarised'],
    find: processed,
  },
  {
    number: 5,
    name: 'Grades',
    question: 'Is yesterday graded; what share of the gradable rows, per model; what was the hit rate?',
    canaries: ['yesterday_graded'],
    find: graded,
  },
];
