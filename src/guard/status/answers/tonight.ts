import { easternInstant, easternTime } from '#core/calendar.ts';
import { countBy } from '#core/count-by.ts';
import { FEATURES } from '#core/features.ts';
import { count, outOf, percentOf } from '#core/format.ts';
import { PUBLISHED_IN } from '#core/markets.ts';
import { statement } from '#core/statement.ts';
import type { Found, Question, StatusDeps, StatusMoment } from '#guard/status/answer.ts';
import { SKIP_REASONS } from '#pipeline/batch/plan.ts';
import { listBatches, readOutcomes } from '#pipeline/batch/state.ts';

/** Time of day in New York by which there should be predictions. */
const PREDICTED_BY = '09:00';

interface GameRow {
  readonly game: string;
  readonly tipoff_at: string;
  readonly expected: number;
  readonly predicted: number;
  readonly picks: number;
}

const PER_GAME = `
SELECT g.away_abbr || ' @ ' || g.home_abbr AS game, g.tipoff_at, COALESCE(u.expected, 0) AS expected, COALESCE(p.predicted, 0) AS predicted,
  COALESCE(p.picks, 0) AS picks
FROM nba_reference.counted_games g
LEFT JOIN (
  SELECT game_id, COUNT(*) AS expected FROM nba_analytics.upcoming_player_game_context
  WHERE slate = CAST(@slate AS DATE) AND COALESCE(injury_status, 'available') NOT IN ('out', 'doubtful')
  GROUP BY game_id
) u ON u.game_id = g.game_id
LEFT JOIN (
  SELECT game_id, COUNT(DISTINCT player_id) AS predicted, COUNT(DISTINCT CASE WHEN is_actionable AND system_id = 'ridge' AND line_role = 'main' THEN player_id END) AS picks
  FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)
  GROUP BY game_id
) p ON p.game_id = g.game_id
WHERE g.slate = CAST(@slate AS DATE)
ORDER BY g.tipoff_at, g.game_id`;

async function predictions({ warehouse }: StatusDeps, { slate, now, noGames }: StatusMoment): Promise<Found> {
  if (noGames !== undefined) return { verdict: 'idle', answer: `Nothing to predict: ${noGames}.` };
  const games = await warehouse.query<GameRow>(PER_GAME, { slate });
  const systems = await warehouse.query<{ system_id: string; players: number }>(
    `SELECT system_id, COUNT(DISTINCT player_id) AS players FROM nba_predictions.current_predictions
     WHERE slate = CAST(@slate AS DATE) GROUP BY system_id ORDER BY system_id`,
    { slate },
  );
  const sum = (key: 'expected' | 'predicted' | 'picks'): number =>
    games.reduce((total, game) => total + game[key], 0);
  const covered = games.filter(({ predicted }) => predicted > 0).length;
  const table = {
    header: ['game', 'ET', 'expected', 'predicted', 'picks'],
    rows: games.map(({ game, tipoff_at, expected, predicted, picks }) => [
      game,
      easternTime(new Date(tipoff_at)),
      expected,
      predicted,
      picks,
    ]),
  };
  if (covered === 0) {
    const isDue = now >= easternInstant(slate, PREDICTED_BY);
    return isDue
      ? {
          verdict: 'bad',
          answer: `None: ${games.length} games and no predictions.`,
          table,
          next: `tipoff day ${slate}`,
        }
      : {
          verdict: 'idle',
          answer: `Not yet: ${games.length} games; predictions are due at ${PREDICTED_BY} ET.`,
          table,
        };
  }
  const missing = games.filter(({ predicted }) => predicted === 0).map(({ game }) => game);
  const bySystem = systems.map(({ system_id, players }) => `${system_id} ${players}`).join(', ');
  return {
    verdict: missing.length > 0 ? 'bad' : 'good',
    answer: `${outOf(sum('predicted'), sum('expected'))} players in ${outOf(covered, games.length)} games, ${sum('picks')} picks (${bySystem})${missing.length > 0 ? `; none for ${missing.join(', ')}` : ''}.`,
    table,
    ...(missing.length > 0 ? { next: `tipoff predict ${slate} --mode RETRY` } : {}),
  };
}

const COUNTED_FEATURES = FEATURES.map(
  (_, i) => `SUM(CASE WHEN SUBSTR(feature_sources, ${i + 1}, 1) IN ('d', 'm') THEN 1 ELSE 0 END) AS f${i}`,
).join(', ');

async function features({ warehouse }: StatusDeps, { slate, noGames }: StatusMoment): Promise<Found> {
  if (noGames !== undefined) return { verdict: 'idle', answer: `No features are needed: ${noGames}.` };
  const days = await warehouse.query<{ slate: string; players: number; blocked: number; ready: number }>(
    `SELECT slate, COUNT(*) AS players, COUNTIF(required_default_count > 0) AS blocked, COUNTIF(is_quality_ready) AS ready
     FROM nba_predictions.ml_feature_store WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -14) AND CAST(@slate AS DATE)
     GROUP BY slate ORDER BY slate DESC`,
    { slate },
  );
  const [tonight, ...before] = days;
  if (tonight?.slate !== slate)
    return { verdict: 'bad', answer: `No feature rows for ${slate}.`, next: `tipoff day ${slate}` };
  const [counts = {}] = await warehouse.query<Record<string, number>>(
    `SELECT ${COUNTED_FEATURES} FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  const holes = FEATURES.map(({ name, required }, i) => ({
    name,
    required,
    players: counts[`f${i}`] ?? 0,
  })).filter(({ players }) => players > 0);
  const blocking = holes.filter(({ required }) => required).toSorted((a, b) => b.players - a.players);
  const usual =
    before.length === 0
      ? undefined
      : before.reduce((total, day) => total + day.blocked / day.players, 0) / before.length;
  const share = tonight.blocked / tonight.players;
  const trend = usual === undefined ? '' : `, usually ${(usual * 100).toFixed(1)} %`;
  return {
    verdict:
      share > 0.25
        ? 'bad'
        : share > 0.15 || (usual !== undefined && share > usual + 0.1)
          ? 'attention'
          : 'good',
    answer: `${outOf(tonight.ready, tonight.players)} players quality-ready; ${tonight.blocked} blocked (${(share * 100).toFixed(1)} %${trend})${
      blocking.length === 0
        ? ''
        : `, most by ${blocking
            .slice(0, 3)
            .map(({ name, players }) => `${name} (${players})`)
            .join(', ')}`
    }.`,
    table: {
      header: ['feature', 'required', 'players without'],
      rows: [...blocking, ...holes.filter(({ required }) => !required)]
        .slice(0, 20)
        .map(({ name, required, players }) => [name, required ? 'yes' : 'no', players]),
    },
  };
}

/** Bookmakers with usable lines of a slate. */
export const BOOKMAKERS_TONIGHT = statement({
  owner: 'guard/status/answers/tonight',
  sql: `SELECT bookmaker, COUNT(DISTINCT player_lookup) AS players, COUNT(DISTINCT game_id) AS games, MAX(snapshot_at) AS newest
     FROM nba_analytics.player_prop_lines WHERE slate = CAST(@slate AS DATE) AND market IN ${PUBLISHED_IN} AND resolution = 'resolved'
     GROUP BY bookmaker ORDER BY players DESC, bookmaker`,
});

/** Games of a slate with their number of players with usable lines. */
export const QUOTED_GAMES = statement({
  owner: 'guard/status/answers/tonight',
  sql: `SELECT g.away_abbr || ' @ ' || g.home_abbr AS game, COUNT(DISTINCT l.player_id) AS players
     FROM nba_reference.counted_games g
     LEFT JOIN nba_analytics.player_prop_lines l ON l.slate = g.slate AND l.game_id = g.game_id AND l.market IN ${PUBLISHED_IN} AND l.resolution = 'resolved'
     WHERE g.slate = CAST(@slate AS DATE)
     GROUP BY g.game_id, g.away_abbr, g.home_abbr ORDER BY g.game_id`,
});

/** Raw quotes loaded for a slate. */
export const RAW_QUOTES = statement({
  owner: 'guard/status/answers/tonight',
  sql: `SELECT COUNT(*) AS n FROM nba_raw.player_lines WHERE slate = CAST(@slate AS DATE) AND market IN ${PUBLISHED_IN}`,
});

async function lines({ warehouse }: StatusDeps, { slate, noGames }: StatusMoment): Promise<Found> {
  if (noGames !== undefined) return { verdict: 'idle', answer: `No lines are expected: ${noGames}.` };
  const books = await warehouse.query<{
    bookmaker: string;
    players: number;
    games: number;
    newest: string | null;
  }>(BOOKMAKERS_TONIGHT.sql, { slate });
  const games = await warehouse.query<{ game: string; players: number }>(QUOTED_GAMES.sql, { slate });
  const without = games.filter(({ players }) => players === 0).map(({ game }) => game);
  const table = {
    header: ['bookmaker', 'players', 'games', 'newest quote'],
    rows: books.map(({ bookmaker, players, games: played, newest }) => [
      bookmaker,
      players,
      played,
      newest ?? 'date only',
    ]),
  };
  if (books.length === 0) {
    const [raw] = await warehouse.query<{ n: number }>(RAW_QUOTES.sql, { slate });
    const none = `No points lines for any of ${games.length} games`;
    if (raw !== undefined && raw.n > 0) {
      return {
        verdict: 'bad',
        answer: `${none}; ${count(raw.n, 'quote')} of the date are loaded and not processed.`,
        next: `tipoff day ${slate}`,
      };
    }
    return { verdict: 'bad', answer: `${none}.`, next: `tipoff ingest <file of lines>` };
  }
  return {
    verdict: without.length > 0 ? 'attention' : 'good',
    answer: `${outOf(games.length - without.length, games.length)} games have points lines, from ${books.map(({ bookmaker, players }) => `${bookmaker} (${players})`).join(', ')}${without.length > 0 ? `; none for ${without.join(', ')}` : ''}.`,
    table,
  };
}

async function picks({ warehouse, state }: StatusDeps, { slate, noGames }: StatusMoment): Promise<Found> {
  if (noGames !== undefined) return { verdict: 'idle', answer: `No picks: ${noGames}.` };
  const rows = await warehouse.query<{ reason: string; players: number }>(
    `SELECT COALESCE(filter_reason, 'pick') AS reason, COUNT(DISTINCT player_id) AS players FROM nba_predictions.current_predictions
     WHERE slate = CAST(@slate AS DATE) AND line_role IN ('main', 'none') AND system_id = 'ridge'
     GROUP BY reason ORDER BY players DESC, reason`,
    { slate },
  );
  const batch = (await listBatches(state, slate)).at(-1);
  const outcomes = batch === undefined ? [] : await readOutcomes(state, batch.batch_id);
  const skips = countBy(outcomes, ({ outcome, reason }) =>
    outcome === 'predicted' ? undefined : (reason ?? outcome),
  );
  const found = rows.find(({ reason }) => reason === 'pick')?.players ?? 0;
  const others = rows.filter(({ reason }) => reason !== 'pick');
  const table = {
    header: ['why not', 'where', 'players'],
    rows: [
      ...others.map(({ reason, players }) => [reason, 'filter of the forecast', players]),
      ...[...skips].map(([reason, players]) => [
        Object.hasOwn(SKIP_REASONS, reason) ? reason : `failed: ${reason}`,
        `gate of ${batch?.mode ?? ''}`,
        players,
      ]),
    ],
  };
  const total = rows.reduce((sum, { players }) => sum + players, 0);
  if (total === 0) {
    const why =
      batch === undefined
        ? 'no batch has run'
        : `the last batch (${batch.mode}) is ${batch.state}${batch.reason === null ? '' : `: ${batch.reason}`}`;
    return {
      verdict: 'attention',
      answer: `No picks, because nothing is predicted: ${why}.`,
      table,
      next: `tipoff batch list --slate ${slate}`,
    };
  }
  return {
    verdict: found === 0 ? 'attention' : 'good',
    answer: `${found} of ${total} forecasts of ridge are picks (${percentOf(found, total)})${others.length === 0 ? '' : `; the others: ${others.map(({ reason, players }) => `${players} ${reason}`).join(', ')}`}.`,
    table,
  };
}

export const TONIGHT: readonly Question[] = [
  {
    number: 1,
    name: 'Predictions',
    question: "Are tonight's predictions there: how many, how many actionable, for all games and all models?",
    canaries: ['prediction_gap'],
    find: predictions,
  },
  {
    number: 6,
    name: 'Features',
    question:
      'Are features clean tonight: how many players are blocked, by which feature, is contamination falling?',
    canaries: ['features_present', 'required_defaults'],
    find: features,
  },
  {
    number: 7,
    name: 'Lines',
    question: 'Are betting lines in, from which source, for which games?',
    canaries: ['lines_present'],
    find: lines,
  },
  {
    number: 13,
    name: 'Why few picks',
    question: 'Why are there zero (or few) picks today: which filter, gate, model or missing input?',
    find: picks,
  },
];
