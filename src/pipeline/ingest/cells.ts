import {
  isDate,
  readGameId,
  restoreGameId,
  type SeasonType,
  type Slate,
  seasonOf,
  seasonSpan,
} from '#core/calendar.ts';
import type { Team } from '#core/teams.ts';
import { remembering, requiredTeam, requiredText } from './formats/fields.ts';
import { RowRejection } from './rows.ts';

/** A calendar date written YYYY-MM-DD. Throws RowRejection missing_field, impossible_date. */
export function calendarDate(field: string, text: string): Slate {
  if (!isDate(requiredText(field, text))) {
    throw new RowRejection(
      field,
      'impossible_date',
      `expected an existing date as YYYY-MM-DD, saw "${text}"`,
    );
  }
  return text as Slate;
}

export interface GameKey {
  readonly gameId: string;
  readonly season: string;
  readonly seasonType: SeasonType;
}

/** What the id of a game says that teams of the league play. Throws RowRejection unknown_game, all_star_game. */
export function leagueGame(field: string, gameId: string): Omit<GameKey, 'gameId'> {
  const kind = readGameId(gameId);
  if (kind === undefined) {
    throw new RowRejection(
      field,
      'unknown_game',
      `expected a game id of the league such as 0022400517, saw "${gameId}"`,
    );
  }
  if (kind.seasonType === 'all_star') {
    throw new RowRejection(
      field,
      'all_star_game',
      `expected a game of teams of the league, saw the All-Star game ${gameId}`,
    );
  }
  return kind;
}

/** An official game id, with leading zeros restored. Throws RowRejection missing_field, unknown_game, all_star_game. */
export const gameKey = remembering((field, text): GameKey => {
  const printed = requiredText(field, text);
  const gameId = restoreGameId(printed) ?? printed;
  return { gameId, ...leagueGame(field, gameId) };
});

/** A team named by code and by id, which must agree. Throws RowRejection unknown_team, impossible_value. */
export function teamOf(code: { field: string; text: string }, id: { field: string; text: string }): Team {
  const byCode = requiredTeam(code.field, code.text);
  const byId = requiredTeam(id.field, id.text);
  if (byCode !== byId) {
    throw new RowRejection(
      id.field,
      'impossible_value',
      `expected the id of ${byCode.abbr}, ${byCode.id}, saw "${id.text}" (${byId.abbr})`,
    );
  }
  return byCode;
}

/** Checks that a date lies within a season. Pre-season games may be played in September. Throws RowRejection out_of_span. */
export function withinSeason(
  field: string,
  slate: Slate,
  { season, seasonType }: Pick<GameKey, 'season' | 'seasonType'>,
): void {
  if (seasonOf(slate) === season) return;
  if (seasonType === 'preseason' && slate.startsWith(`${season.slice(0, 4)}-09`)) return;
  const { from, to } = seasonSpan(season);
  throw new RowRejection(
    field,
    'out_of_span',
    `expected a date of the season ${season}, ${from} to ${to}, saw ${slate}`,
  );
}

/** Checks the league's season id, one digit for the kind of game and the start year ("22024"), against a game id. Throws RowRejection impossible_value. */
export function seasonIdAgrees(field: string, text: string, { gameId, season }: GameKey): void {
  const expected = `${gameId[2]}${season.slice(0, 4)}`;
  if (requiredText(field, text) !== expected) {
    throw new RowRejection(
      field,
      'impossible_value',
      `expected ${expected} as the game id says, saw "${text}"`,
    );
  }
}

export interface Matchup {
  readonly home: Team;
  readonly away: Team;
  /** True when the text is written `AWAY @ HOME`. */
  readonly isAt: boolean;
}

/** Reads `BOS vs. NYK` (Boston at home) and `MIN @ LAL` (Los Angeles at home). Throws RowRejection missing_field, impossible_value, unknown_team. */
export function matchup(field: string, text: string): Matchup {
  const match = /^(\S+) (vs\.|@) (\S+)$/.exec(requiredText(field, text));
  if (match === null)
    throw new RowRejection(field, 'impossible_value', `expected "BOS vs. NYK" or "MIN @ LAL", saw "${text}"`);
  const first = requiredTeam(field, match[1] ?? '');
  const second = requiredTeam(field, match[3] ?? '');
  if (first === second)
    throw new RowRejection(field, 'impossible_value', `expected two teams, saw "${text}"`);
  const isAt = match[2] === '@';
  return isAt ? { home: second, away: first, isAt } : { home: first, away: second, isAt };
}

/** The side of a game a team plays on. Throws RowRejection impossible_value when it is neither. */
export function sideOf(
  field: string,
  own: Team,
  { home, away }: Matchup,
): { opponent: Team; isHome: boolean } {
  if (own === home) return { opponent: away, isHome: true };
  if (own === away) return { opponent: home, isHome: false };
  throw new RowRejection(
    field,
    'impossible_value',
    `expected ${own.abbr} to be one of the two teams, saw ${away.abbr} @ ${home.abbr}`,
  );
}
