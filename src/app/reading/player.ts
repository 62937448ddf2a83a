import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { countedByMarketSql } from '#core/markets.ts';
import { alikeNames, canonicalLookup, playerLookup } from '#core/names.ts';
import { statement } from '#core/statement.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { SKIP_REASONS, type SkipReason } from '#pipeline/batch/plan.ts';
import { COLLECTIONS, listBatches, type OutcomeDoc, outcomeKey } from '#pipeline/batch/state.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** A player in the reference table. */
export interface KnownPlayer {
  readonly player_id: number;
  readonly player_name: string;
  /** Newest box score, or the list of players that names him before one. */
  readonly last_slate: string;
}

const MAX_SUGGESTIONS = 8;
const MAX_ALIKE = 3;

/**
 * The player with an id, a name, or a part of a name that only one player has, or only one of those who may play on the slate.
 * A name is compared as feeds are: without accents, case, punctuation and suffix. Throws TIPOFF_NOT_FOUND when there is none,
 * TIPOFF_BAD_INPUT when there are several.
 */
export async function findPlayer(warehouse: Warehouse, text: string, slate: Slate): Promise<KnownPlayer> {
  const id = /^\d{1,12}$/.test(text.trim()) ? Number(text) : -1;
  const lookup = canonicalLookup(playerLookup(text));
  const found = await warehouse.query<KnownPlayer & { is_named: boolean; is_tonight: boolean }>(
    `SELECT k.player_id, k.player_name, k.last_slate, k.player_id = @id OR k.player_lookup = @lookup AS is_named, u.player_id IS NOT NULL AS is_tonight
     FROM nba_reference.players k
     LEFT JOIN (
       SELECT DISTINCT player_id FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE)
     ) u ON u.player_id = k.player_id
     WHERE k.player_id = @id OR (@lookup <> '' AND STRPOS(k.player_lookup, @lookup) > 0)
     ORDER BY k.last_slate DESC, k.player_name`,
    { id, lookup, slate },
  );
  const named = found.filter(({ is_named }) => is_named);
  const fitting = named.length > 0 ? named : found;
  const tonight = fitting.filter(({ is_tonight }) => is_tonight);
  const matches = tonight.length === 1 ? tonight : fitting;
  const [only] = matches;
  if (only === undefined) throw await unknownPlayer(warehouse, text);
  if (matches.length > 1) {
    const names = matches
      .slice(0, MAX_SUGGESTIONS)
      .map(({ player_id, player_name }) => `${player_name} (${player_id})`);
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected one player, "${text}" fits ${matches.length}: ${names.join(', ')}${matches.length > names.length ? ', …' : ''}`,
      { hint: 'Write more of the name, or the id.', details: { player: text, matches: matches.length } },
    );
  }
  const { player_id, player_name, last_slate } = only;
  return { player_id, player_name, last_slate };
}

async function unknownPlayer(warehouse: Warehouse, text: string): Promise<TipoffError> {
  const known = await warehouse.query<{ player_name: string }>(
    'SELECT player_name FROM nba_reference.players ORDER BY last_slate DESC, player_name',
  );
  const alike = alikeNames(
    text,
    known.map(({ player_name }) => player_name),
  ).slice(0, MAX_ALIKE);
  return new TipoffError('TIPOFF_NOT_FOUND', `expected the name or id of a known player, saw "${text}"`, {
    hint: `${alike.length === 0 ? '' : `Did you mean ${alike.join(', or ')}? `}A part of the name is enough; \`tipoff sql "SELECT player_id, player_name FROM nba_reference.players"\` lists them all.`,
    details: { player: text, alike },
  });
}

/** The player's game of a slate with what was known before the cut-off. */
interface PlayerContext {
  readonly game_id: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly is_home: boolean;
  readonly tipoff_at: string;
  readonly cutoff_at: string;
  readonly roster_source: string;
  readonly injury_status: string | null;
  readonly injury_reason: string | null;
  readonly injury_report_at: string | null;
  readonly has_status_feed: boolean;
  /** Probability that he plays; null where it was not counted. */
  readonly p_plays: number | null;
  readonly feature_quality_score: number | null;
  readonly required_default_count: number | null;
  readonly quality_alert_level: string | null;
}

/** One forecast of the champion that is visible. */
interface PlayerForecast {
  readonly market: string;
  readonly line_role: string;
  readonly line: string | null;
  readonly bookmaker: string | null;
  readonly predicted: number;
  readonly p10: number;
  readonly p90: number;
  readonly p_over: number | null;
  readonly model_p_over: number | null;
  readonly recommendation: string;
  readonly confidence: number | null;
  readonly is_actionable: boolean;
  readonly filter_reason: string | null;
  readonly model_id: string;
  readonly publication_id: string;
  readonly published_at: string;
  /** What he did and how the side ended; null until it is graded. */
  readonly actual: number | null;
  readonly outcome: string | null;
}

/** His outcome in the newest batch that expected him. */
interface BatchOutcome {
  readonly batch_id: string;
  readonly mode: string;
  readonly state: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly at: string;
}

/** A finished game with the forecast that was visible for it. */
export interface PlayedGame {
  readonly slate: string;
  readonly opponent_abbr: string;
  readonly is_home: boolean;
  readonly minutes: number | null;
  readonly actual: number | null;
  readonly predicted: number | null;
  readonly line: string | null;
  readonly outcome: string | null;
}

type PlayerState = 'no_game' | 'not_expected' | 'waiting' | 'skipped' | 'failed' | 'predicted' | 'picked';

/** The standing of a player on a slate, from the calendar to the grade. */
export interface PlayerStanding {
  readonly player: KnownPlayer;
  readonly slate: Slate;
  readonly state: PlayerState;
  /** The state with its reason, in one sentence. */
  readonly summary: string;
  readonly context: PlayerContext | null;
  readonly batch: BatchOutcome | null;
  readonly forecasts: readonly PlayerForecast[];
}

/** The standing of a player on a slate: expected or not, skipped and why, predicted, picked, graded. */
export async function playerStanding(
  { warehouse, state }: { readonly warehouse: Warehouse; readonly state: StateStore },
  player: KnownPlayer,
  slate: Slate,
): Promise<PlayerStanding> {
  const { player_id } = player;
  const [context] = await warehouse.query<PlayerContext>(
    `SELECT u.game_id, u.team_abbr, u.opponent_abbr, u.is_home, u.tipoff_at, u.cutoff_at, u.roster_source, u.injury_status, u.injury_reason,
       u.injury_report_at, u.has_status_feed, a.p_plays, f.feature_quality_score, f.required_default_count, f.quality_alert_level
     FROM nba_analytics.upcoming_player_game_context u
     LEFT JOIN nba_precompute.player_availability a ON a.slate = CAST(@slate AS DATE) AND a.player_id = u.player_id AND a.team_abbr = u.team_abbr
     LEFT JOIN nba_predictions.ml_feature_store f ON f.slate = CAST(@slate AS DATE) AND f.player_id = u.player_id AND f.game_id = u.game_id
     WHERE u.slate = CAST(@slate AS DATE) AND u.player_id = @player_id
     ORDER BY f.feature_quality_score DESC, u.game_id`,
    { slate, player_id },
  );
  const forecasts = await warehouse.query<PlayerForecast>(
    `SELECT p.market, p.line_role, p.line, p.bookmaker, p.predicted, p.p10, p.p90, p.p_over, p.model_p_over, p.recommendation, p.confidence,
       p.is_actionable, p.filter_reason, p.model_id, p.publication_id, p.published_at, g.actual, g.outcome
     FROM nba_predictions.current_predictions p
     LEFT JOIN nba_predictions.prediction_grades g ON g.slate = CAST(@slate AS DATE) AND g.publication_id = p.publication_id AND g.market = p.market AND g.prediction_id = p.prediction_id
     WHERE p.slate = CAST(@slate AS DATE) AND p.player_id = @player_id AND p.system_id = @system
     ORDER BY p.market, p.line_role, p.line`,
    { slate, player_id, system: CHAMPION_SYSTEM },
  );
  const batch = await newestOutcome(state, slate, player_id);
  const known = { player, slate, context: context ?? null, batch, forecasts };
  return { ...known, ...(await judged(warehouse, known)) };
}

async function newestOutcome(
  state: StateStore,
  slate: Slate,
  playerId: number,
): Promise<BatchOutcome | null> {
  for (const batch of (await listBatches(state, slate)).reverse()) {
    const doc = await state.get<OutcomeDoc>(COLLECTIONS.outcomes, outcomeKey(batch.batch_id, playerId));
    if (doc === undefined) continue;
    const { outcome, reason, at } = doc.data;
    return { batch_id: batch.batch_id, mode: batch.mode, state: batch.state, outcome, reason, at };
  }
  return null;
}

async function judged(
  warehouse: Warehouse,
  { player, slate, context, batch, forecasts }: Omit<PlayerStanding, 'state' | 'summary'>,
): Promise<Pick<PlayerStanding, 'state' | 'summary'>> {
  const name = player.player_name;
  if (forecasts.length > 0) {
    const picks = forecasts.filter(({ is_actionable }) => is_actionable);
    return picks.length > 0
      ? {
          state: 'picked',
          summary: `${name} is a pick: ${picks.map((pick) => `${pick.recommendation} ${pick.line} ${pick.market}`).join(', ')}.`,
        }
      : { state: 'predicted', summary: `${name} is predicted and no pick: ${reasonsOf(forecasts)}.` };
  }
  if (batch !== null && batch.outcome === 'skipped')
    return { state: 'skipped', summary: `${name} was skipped: ${inWords(batch.reason)}.` };
  if (batch !== null && (batch.outcome === 'failed' || batch.outcome === 'timed_out'))
    return {
      state: 'failed',
      summary: `${name} was expected and not predicted: ${batch.reason ?? batch.outcome}.`,
    };
  if (context !== null)
    return {
      state: 'waiting',
      summary:
        batch === null
          ? `${name} is in the context of ${slate}, and no batch has looked at him: run \`tipoff day ${slate}\`.`
          : `${name} was predicted by batch ${batch.batch_id} (${batch.state}), and nothing of him is visible.`,
    };
  const games = await gamesOfTeam(warehouse, player.player_id, slate);
  const [elsewhere] = await warehouse.query<{ game: string }>(
    `SELECT away_abbr || '@' || home_abbr AS game FROM nba_analytics.player_prop_lines
     WHERE slate = CAST(@slate AS DATE) AND player_id = @player_id AND resolution = 'resolved' AND home_abbr <> @team AND away_abbr <> @team
     ORDER BY game LIMIT 1`,
    { slate, player_id: player.player_id, team: games.team ?? '' },
  );
  if (elsewhere !== undefined)
    return {
      state: 'not_expected',
      summary: `${name} is quoted in ${elsewhere.game} on ${slate}, and no report, roster or box score says for which of the two he plays.`,
    };
  if (games.team === null)
    return {
      state: 'not_expected',
      summary: `${name} has no box score before ${slate}, so no team is known for him.`,
    };
  if (!games.plays)
    return { state: 'no_game', summary: `${games.team}, his last team, has no game on ${slate}.` };
  return {
    state: 'not_expected',
    summary: `${games.team} plays on ${slate}, and ${name}, whose newest box score is of ${games.last}, is not in its context.`,
  };
}

function reasonsOf(forecasts: readonly PlayerForecast[]): string {
  return [
    ...new Set(forecasts.map(({ market, filter_reason }) => `${market} ${filter_reason ?? ''}`.trim())),
  ].join(', ');
}

function inWords(reason: string | null): string {
  if (reason === null) return 'no reason was recorded';
  return Object.hasOwn(SKIP_REASONS, reason) ? SKIP_REASONS[reason as SkipReason] : reason;
}

async function gamesOfTeam(
  warehouse: Warehouse,
  playerId: number,
  slate: Slate,
): Promise<{ readonly team: string | null; readonly plays: boolean; readonly last: string | null }> {
  const [last] = await warehouse.query<{ team_abbr: string; slate: string }>(
    `SELECT team_abbr, slate FROM nba_analytics.player_game_summary
     WHERE player_id = @player_id AND slate < CAST(@slate AS DATE) AND slate >= DATE '1946-01-01' ORDER BY slate DESC LIMIT 1`,
    { player_id: playerId, slate },
  );
  if (last === undefined) return { team: null, plays: false, last: null };
  const games = await warehouse.query(
    `SELECT game_id FROM nba_reference.counted_games
     WHERE slate = CAST(@slate AS DATE) AND (home_abbr = @team OR away_abbr = @team)`,
    { slate, team: last.team_abbr },
  );
  return { team: last.team_abbr, plays: games.length > 0, last: last.slate };
}

/** Finished games of a player; parameters player_id, slate, market, system and games. */
export const PLAYED_GAMES = statement({
  owner: 'app/reading/player',
  sql: `
WITH shown AS (
  SELECT slate, game_id, predicted, line, outcome
  FROM nba_predictions.prediction_grades
  WHERE player_id = @player_id AND market = @market AND system_id = @system AND line_role <> 'second' AND slate <= CAST(@slate AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY graded_at DESC, publication_id DESC) = 1
)
SELECT p.slate, p.opponent_abbr, p.is_home, p.minutes, CASE WHEN p.played THEN ${countedByMarketSql('@market', 'p')} END AS actual, s.predicted, s.line, s.outcome
FROM nba_analytics.player_game_summary p
LEFT JOIN shown s ON s.game_id = p.game_id
WHERE p.player_id = @player_id AND p.slate <= CAST(@slate AS DATE) AND p.slate >= DATE '1946-01-01'
ORDER BY p.slate DESC, p.game_id DESC
LIMIT @games`,
});

/** The player's last finished games up to a slate, newest first, with the visible forecast of a market beside the result. */
export async function playerHistory(
  warehouse: Warehouse,
  playerId: number,
  { slate, market, games }: { readonly slate: Slate; readonly market: string; readonly games: number },
): Promise<PlayedGame[]> {
  return warehouse.query<PlayedGame>(PLAYED_GAMES.sql, {
    player_id: playerId,
    slate,
    market,
    games,
    system: CHAMPION_SYSTEM,
  });
}
