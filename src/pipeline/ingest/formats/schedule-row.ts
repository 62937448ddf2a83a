import type { Slate } from '#core/calendar.ts';
import { scheduleGames } from '#core/contracts/nba_raw/schedule-games.ts';
import type { Team } from '#core/teams.ts';
import { type GameKey, withinSeason } from '#pipeline/ingest/cells.ts';
import { type KeyedRow, RowRejection } from '#pipeline/ingest/rejection.ts';
import { parsedRow } from './units.ts';

/** What a schedule source says about one game. Everything left out is not known to it. */
export interface ScheduleStatement extends Pick<GameKey, 'season' | 'seasonType'> {
  readonly line: number;
  /** Field that carries the date, named when the date does not fit the season. */
  readonly dateField: string;
  /** Game id, or the stable key of a source without ids. */
  readonly key: string;
  readonly gameId: string | null;
  readonly slate: Slate;
  readonly tipoffAt: string | null;
  readonly home: Team;
  readonly away: Team;
  readonly status: 'scheduled' | 'live' | 'final' | 'postponed' | 'cancelled';
  readonly statement: 'published' | 'current' | 'played';
  readonly statusText?: string | null;
  readonly label?: string | null;
  readonly homeScore?: number | null;
  readonly awayScore?: number | null;
  readonly observedAt?: string | null;
}

/** The row of nba_raw.schedule_games for a statement. Throws RowRejection when a team meets itself or the date lies outside the season. */
export function scheduleRow(game: ScheduleStatement): KeyedRow {
  withinSeason(game.dateField, game.slate, game);
  if (game.home === game.away) throw new RowRejection('teams', 'impossible_value', `expected two teams, saw ${game.home.abbr} twice`);
  const record = {
    source_game_key: game.key,
    game_id: game.gameId,
    season: game.season,
    season_type: game.seasonType,
    slate: game.slate,
    tipoff_at: game.tipoffAt,
    home_abbr: game.home.abbr,
    away_abbr: game.away.abbr,
    status: game.status,
    status_text: game.statusText ?? null,
    statement: game.statement,
    label: game.label ?? null,
    home_score: game.homeScore ?? null,
    away_score: game.awayScore ?? null,
    observed_at: game.observedAt ?? null,
  };
  return { key: game.key, row: parsedRow(scheduleGames, record, game.line) };
}

/** The labels a provider prints for a game as one text, or null when it prints none. */
export function joinLabels(labels: readonly string[]): string | null {
  const said = labels.map((label) => label.trim()).filter((label) => label !== '');
  return said.length === 0 ? null : said.join(', ');
}
