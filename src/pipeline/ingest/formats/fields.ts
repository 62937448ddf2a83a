import { isDate, type Slate, slateOf } from '#core/calendar.ts';
import { type Line, readLine } from '#core/line.ts';
import { playerLookup } from '#core/names.ts';
import { isAmericanOdds } from '#core/odds.ts';
import { findTeam, type Team } from '#core/teams.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';

const INSTANT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Text that must be there. */
export function requiredText(field: string, text: string | null | undefined): string {
  const value = text?.trim() ?? '';
  if (value === '') throw new RowRejection(field, 'missing_field', `expected a value in ${field}, saw nothing`);
  return value;
}

/** A team of the league by code, id, nickname or full name. */
export function requiredTeam(field: string, text: string | number | null | undefined): Team {
  const value = requiredText(field, text === null || text === undefined ? '' : String(text));
  const team = findTeam(value);
  if (team === undefined) throw new RowRejection(field, 'unknown_team', `expected a team of the league in ${field}, saw "${value}"`);
  return team;
}

/** Home team and visitors, which must differ. */
export function requiredSides(home: string | null | undefined, away: string | null | undefined): { home_abbr: string; away_abbr: string } {
  const sides = { home_abbr: requiredTeam('home_team', home).abbr, away_abbr: requiredTeam('away_team', away).abbr };
  if (sides.home_abbr === sides.away_abbr) {
    throw new RowRejection('away_team', 'impossible_value', `expected two different teams, saw ${sides.home_abbr} twice`);
  }
  return sides;
}

/** An instant with a zone, as ISO UTC with milliseconds. A day that does not exist (30 February) is refused, not rolled over. */
export function requiredInstant(field: string, text: string | null | undefined): string {
  const value = requiredText(field, text);
  const match = INSTANT.exec(value);
  const instant = new Date(value);
  if (match === null || !isDate(match[1] ?? '') || Number.isNaN(instant.getTime())) {
    throw new RowRejection(field, 'impossible_date', `expected an instant with a zone in ${field}, saw "${value}"`);
  }
  return instant.toISOString();
}

/** A calendar date from its parts. */
export function requiredDate(field: string, year: string, month: string, day: string): Slate {
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (!isDate(date)) throw new RowRejection(field, 'impossible_date', `expected a calendar date in ${field}, saw "${date}"`);
  return date as Slate;
}

/** The start of an event and the slate it belongs to: its ET date, never its UTC date. */
export function requiredStart(field: string, text: string | null | undefined): { commence_at: string; slate: Slate } {
  const commence_at = requiredInstant(field, text);
  return { commence_at, slate: slateOf(commence_at) };
}

/** A line as an exact decimal that is not negative. */
export function requiredLine(field: string, text: string | number | null | undefined): Line {
  const value = requiredText(field, text === null || text === undefined ? '' : String(text));
  const line = readLine(value);
  if (line === undefined || line.startsWith('-')) {
    throw new RowRejection(field, 'bad_line', `expected a line as a decimal of at least 0 in ${field}, saw "${value}"`);
  }
  return line;
}

/** An American price; null where the source has none. "100.0" is read as 100. */
export function optionalPrice(field: string, value: string | number | null | undefined): number | null {
  const text = value === null || value === undefined ? '' : String(value).trim();
  if (text === '') return null;
  const price = /^[+-]?\d+(?:\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!isAmericanOdds(price)) {
    throw new RowRejection(field, 'bad_price', `expected a whole number at or beyond 100 either side of zero in ${field}, saw "${text}"`);
  }
  return price;
}

/** A whole number, zero or more. */
export function requiredCount(field: string, value: unknown): number {
  const text = value === null || value === undefined ? '' : String(value).trim();
  if (text === '') throw new RowRejection(field, 'missing_field', `expected a value in ${field}, saw nothing`);
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) {
    throw new RowRejection(field, 'bad_number', `expected a whole number of at least 0 in ${field}, saw "${text}"`);
  }
  return number;
}

/** A finite number, or null where the source has none. */
export function optionalNumber(field: string, value: unknown): number | null {
  const text = value === null || value === undefined ? '' : String(value).trim();
  if (text === '') return null;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new RowRejection(field, 'bad_number', `expected a number in ${field}, saw "${text}"`);
  return number;
}

/** A player's printed name with its lookup and the team some sources put next to it: "Anton Berg (Phi)". */
export function requiredPlayer(
  field: string,
  text: string | null | undefined,
): { player_name: string; player_lookup: string; team_hint_abbr: string | null } {
  const player_name = text?.trim() ?? '';
  const player_lookup = playerLookup(player_name);
  if (player_lookup === '') throw new RowRejection(field, 'no_player', `expected a player's name in ${field}, saw "${player_name}"`);
  const tag = /\(([^)]*)\)/.exec(player_name)?.[1] ?? '';
  return { player_name, player_lookup, team_hint_abbr: findTeam(tag)?.abbr ?? null };
}
