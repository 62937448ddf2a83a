import type { Slate } from '#core/calendar.ts';
import type { ScheduleGame } from '#core/contracts/nba_raw/schedule-games.ts';
import type { RowIds } from './row-id.ts';
import type { GameTime, PlannedGame, ScheduleChange } from './season-plan.ts';
import { HOUR, iso, MINUTE, wallClockOf } from './slate-clock.ts';
import type { SimulatedTeam } from './teams.ts';

/** Writes what a schedule source says about games, at three moments: published, changed, played. */
export interface ScheduleWriter {
  published(season: string, games: readonly PlannedGame[], publishedOn: Slate): ScheduleGame[];
  changed(season: string, change: ScheduleChange): ScheduleGame;
  played(season: string, game: PlannedGame, home: number, away: number, knownAt: number): ScheduleGame;
}

type Saying = Pick<ScheduleGame, 'statement' | 'status' | 'status_text' | 'home_score' | 'away_score'> & { at: number; loaded: number };

export function scheduleWriter(teams: readonly SimulatedTeam[], ids: RowIds, source_file: string): ScheduleWriter {
  const row = (season: string, game: PlannedGame, time: GameTime, { at, loaded, ...says }: Saying): ScheduleGame => {
    const observed_at = iso(at);
    return {
      source_game_key: game.gameId,
      game_id: game.gameId,
      season,
      season_type: game.seasonType,
      slate: time.slate,
      tipoff_at: iso(time.tipoff),
      home_abbr: teams[game.home]?.abbr ?? '',
      away_abbr: teams[game.away]?.abbr ?? '',
      label: game.label,
      ...says,
      observed_at,
      source: 'simulated',
      source_file,
      source_line: null,
      row_id: ids('schedule_games', [
        game.gameId,
        says.statement,
        says.status,
        time.slate,
        time.tipoff,
        at,
        says.home_score,
        says.away_score,
      ]),
      ingested_at: iso(loaded),
    };
  };
  const noScore = { home_score: null, away_score: null };
  return {
    published: (season, games, publishedOn) => {
      const at = wallClockOf(publishedOn)('15:00');
      const says = { statement: 'published', status: 'scheduled', status_text: 'Scheduled', ...noScore, at, loaded: at + HOUR };
      return games.flatMap((game) => (game.published === null ? [] : [row(season, game, game.published, says)]));
    },
    changed: (season, { game, time, status, statusText, observedAt }) =>
      row(season, game, time, {
        statement: 'current',
        status,
        status_text: statusText,
        ...noScore,
        at: observedAt,
        loaded: observedAt + 5 * MINUTE,
      }),
    played: (season, game, home_score, away_score, knownAt) =>
      row(season, game, game, {
        statement: 'played',
        status: 'final',
        status_text: 'Final',
        home_score,
        away_score,
        at: knownAt,
        loaded: knownAt,
      }),
  };
}
