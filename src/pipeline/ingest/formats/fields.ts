import { isDate, type Slate, slateOf } from '#core/calendar.ts';
import type { Columns, RowOf, TableContract } from '#core/contracts/define.ts';
import type { provenance } from '#core/contracts/nba_raw.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { isInstant, readInstant } from '#core/instants.ts';
import { type Line, readLine } from '#core/line.ts';
import { playerLookup } from '#core/names.ts';
import { isAmericanOdds } from '#core/odds.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { findTeam, type Team } from '#core/teams.ts';
import type { InputFile, ParsedFile, ParsedRow, RejectedInput } from '#pipeline/ingest/format.ts';
import { RowRejection, rowOrRejection } from '#pipeline/ingest/rows.ts';

/** Text that must be there. */
export function requiredText(field: string, text: string | null | undefined): string {
  const value = text?.trim() ?? '';
  if (value === '')
    throw new RowRejection(field, 'missing_field', `expected a value in ${field}, saw nothing`);
  return value;
}

/** A team of the league by code, id, nickname or full name. */
export function requiredTeam(field: string, text: string | number | null | undefined): Team {
  const value = requiredText(field, text === null || text === undefined ? '' : String(text));
  const team = findTeam(value);
  if (team === undefined)
    throw new RowRejection(
      field,
      'unknown_team',
      `expected a team of the league in ${field}, saw "${value}"`,
    );
  return team;
}

/** Home team and visitors, which must differ. */
export function requiredSides(
  home: string | null | undefined,
  away: string | null | undefined,
): { home_abbr: string; away_abbr: string } {
  const sides = {
    home_abbr: requiredTeam('home_team', home).abbr,
    away_abbr: requiredTeam('away_team', away).abbr,
  };
  if (sides.home_abbr === sides.away_abbr) {
    throw new RowRejection(
      'away_team',
      'impossible_value',
      `expected two different teams, saw ${sides.home_abbr} twice`,
    );
  }
  return sides;
}

/**
 * The same of a game that is known to be of the league: where one of the two is known, the other has a name that is not. Throws
 * RowRejection unknown_opponent then.
 */
export function requiredLeagueSides(
  home: string | null | undefined,
  away: string | null | undefined,
): { home_abbr: string; away_abbr: string } {
  const names = [home ?? '', away ?? ''];
  const unknown = names.filter((name) => findTeam(name) === undefined);
  if (unknown.length === 1 && names.every((name) => name.trim() !== ''))
    throw new RowRejection(
      home === unknown[0] ? 'home_team' : 'away_team',
      'unknown_opponent',
      `expected two teams of the league, saw "${away}" at "${home}"`,
    );
  return requiredSides(home, away);
}

/** Texts of one kind that are remembered. */
const MAX_REMEMBERED = 1000;

/** Remembers what texts were read as: a file says the same names and times hundreds of times. What is refused is read again. */
export function remembering<T extends string | object>(
  read: (field: string, text: string | null | undefined) => T,
): (field: string, text: string | null | undefined) => T {
  const known = new Map<string, T>();
  return (field, text) => {
    const found = known.get(text ?? '');
    if (found !== undefined) return found;
    const value = read(field, text);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(text ?? '', value);
    return value;
  };
}

/** An instant with a zone, as ISO UTC with milliseconds. A day that does not exist (30 February) is refused, not rolled over. */
export const requiredInstant = remembering((field, text): string => {
  const value = requiredText(field, text);
  const instant = readInstant(value);
  if (instant === undefined) {
    throw new RowRejection(
      field,
      'impossible_date',
      `expected an instant with a zone in ${field}, saw "${value}"`,
    );
  }
  return instant.toISOString();
});

/** A calendar date from its parts. */
export function requiredDate(field: string, year: string, month: string, day: string): Slate {
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (!isDate(date))
    throw new RowRejection(field, 'impossible_date', `expected a calendar date in ${field}, saw "${date}"`);
  return date as Slate;
}

/** An instant, as `requiredInstant` reads it, and the slate it belongs to: its ET date, never its UTC date. */
export const requiredMoment = remembering((field, text): { readonly at: string; readonly slate: Slate } => {
  const at = requiredInstant(field, text);
  return { at, slate: slateOf(new Date(at)) };
});

/** The start of an event and its slate. */
export function requiredStart(
  field: string,
  text: string | null | undefined,
): { commence_at: string; slate: Slate } {
  const { at, slate } = requiredMoment(field, text);
  return { commence_at: at, slate };
}

/** A line as an exact decimal that is not negative. */
export function requiredLine(field: string, text: string | number | null | undefined): Line {
  const value = requiredText(field, text === null || text === undefined ? '' : String(text));
  const line = readLine(value);
  if (line === undefined || line.startsWith('-')) {
    throw new RowRejection(
      field,
      'bad_line',
      `expected a line as a decimal of at least 0 in ${field}, saw "${value}"`,
    );
  }
  return line;
}

/** An American price; null where the source has none. "100.0" is read as 100. */
export function optionalPrice(field: string, value: string | number | null | undefined): number | null {
  const text = value === null || value === undefined ? '' : String(value).trim();
  if (text === '') return null;
  const price = /^[+-]?\d+(?:\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!isAmericanOdds(price)) {
    throw new RowRejection(
      field,
      'bad_price',
      `expected a whole number at or beyond 100 either side of zero in ${field}, saw "${text}"`,
    );
  }
  return price;
}

/** A whole number, zero or more. */
export function requiredCount(field: string, value: unknown): number {
  const text = value === null || value === undefined ? '' : String(value).trim();
  if (text === '')
    throw new RowRejection(field, 'missing_field', `expected a value in ${field}, saw nothing`);
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) {
    throw new RowRejection(
      field,
      'bad_number',
      `expected a whole number of at least 0 in ${field}, saw "${text}"`,
    );
  }
  return number;
}

/** Minutes on court: "PT27M30.00S", "PT240M00.00S", "27:30", "27.000000:30", 27. Throws RowRejection missing_field, bad_number. */
export function requiredMinutes(field: string, value: string): number {
  const text = requiredText(field, value);
  const iso = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(text);
  const clock = /^(\d+)(?:\.0+)?(?::([0-5]\d))?$/.exec(text);
  const minutes =
    iso !== null && text !== 'PT'
      ? Number(iso[1] ?? 0) * 60 + Number(iso[2] ?? 0) + Number(iso[3] ?? 0) / 60
      : clock !== null
        ? Number(clock[1]) + Number(clock[2] ?? 0) / 60
        : undefined;
  if (minutes === undefined)
    throw new RowRejection(field, 'bad_number', `expected minutes as PT27M30.00S or 27:30, saw "${text}"`);
  return Math.round(minutes * 1000) / 1000;
}

/** A finite number, or null where the source has none. */
export function optionalNumber(field: string, value: unknown): number | null {
  const text = value === null || value === undefined ? '' : String(value).trim();
  if (text === '') return null;
  const number = Number(text);
  if (!Number.isFinite(number))
    throw new RowRejection(field, 'bad_number', `expected a number in ${field}, saw "${text}"`);
  return number;
}

interface PlayerName {
  readonly player_name: string;
  readonly player_lookup: string;
  readonly team_hint_abbr: string | null;
}

/** A player's printed name with its lookup and the team some sources put next to it: "Anton Berg (Phi)". */
export const requiredPlayer = remembering((field, text): PlayerName => {
  const player_name = text?.trim() ?? '';
  const player_lookup = playerLookup(player_name);
  if (player_lookup === '')
    throw new RowRejection(field, 'no_player', `expected a player's name in ${field}, saw "${player_name}"`);
  const tag = /\(([^)]*)\)/.exec(player_name)?.[1] ?? '';
  return { player_name, player_lookup, team_hint_abbr: findTeam(tag)?.abbr ?? null };
});

type BusinessRow<T extends TableContract> = Omit<RowOf<T>, keyof typeof provenance>;

/** A row of a raw table without provenance, checked against the contract by the compiler. */
export function parsedRow<C extends Columns>(
  table: TableContract<C>,
  record: BusinessRow<TableContract<C>>,
  line: number,
): ParsedRow {
  return { table, record: record as ParsedRow['record'], line };
}

/** Counts the units of one file and keeps what became of each: a row, a duplicate or a rejection. */
export interface UnitCollector {
  /** Reads one unit. A RowRejection inside `build` rejects the unit; any other error is a defect and passes through. */
  unit(line: number, raw: () => string, build: () => ParsedRow): void;
  /** Counts a unit that repeats an earlier one of the file. */
  duplicate(): void;
  result(): ParsedFile;
}

/** A fresh collector for one file. */
export function collectUnits(): UnitCollector {
  const rows: ParsedRow[] = [];
  const rejected: RejectedInput[] = [];
  let read = 0;
  let duplicates = 0;
  return {
    unit: (line, raw, build) => {
      read += 1;
      const result = rowOrRejection(line, raw, build);
      if ('rejected' in result) rejected.push(result.rejected);
      else rows.push(result.row);
    },
    duplicate: () => {
      read += 1;
      duplicates += 1;
    },
    result: () => ({ read, rows, duplicates, rejected }),
  };
}

/** The error for a file that is unreadable as a whole. */
export function unreadable(file: InputFile, expected: string, seen: string, cause?: unknown): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `${file.path}: expected ${expected}, saw ${seen}`, {
    hint: 'Fetch the file again, or remove it from the folder; nothing of it was loaded.',
    details: { file: file.path, bytes: file.bytes.length },
    ...omitUndefined({ cause }),
  });
}

/** The JSON value of a file. Throws TIPOFF_BAD_INPUT when it is empty, truncated or no JSON. */
export function jsonOf(file: InputFile): unknown {
  const text = new TextDecoder('utf-8').decode(file.bytes);
  if (text.trim() === '') throw unreadable(file, 'a JSON document', 'an empty file');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, 'a complete JSON document', `one that does not read (${messageOf(cause)})`, cause);
  }
}

/** A JSON object whose fields have not been looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; an empty one for anything else, so that missing branches read as missing fields. */
export function objectIn(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The value as a list; an empty one for anything else. */
export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as text; '' for nothing, for objects and lists. */
export function textIn(value: unknown): string {
  return typeof value === 'string'
    ? value.trim()
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

/** The object a payload has under a key. Throws TIPOFF_BAD_INPUT when the document is unreadable or has no such object. */
export function payloadUnder(file: InputFile, key: string): JsonObject {
  const value = objectIn(jsonOf(file))[key];
  if (typeof value !== 'object' || value === null)
    throw unreadable(file, `an object under "${key}"`, typeof value);
  return value as JsonObject;
}

/** Recognises payloads by their first key beside `meta`, which leads every answer of the league's newer endpoints. */
export function leadsWith(head: string, key: string): boolean {
  return new RegExp(`^\\uFEFF?\\s*\\{\\s*(?:"meta"\\s*:\\s*\\{[^{}]*\\}\\s*,\\s*)?"${key}"\\s*:\\s*\\{`).test(
    head,
  );
}

/** Rows of a named table of the league's older endpoints (`resultSets`), by column name. */
export function resultSet(payload: JsonObject, name: string): readonly JsonObject[] {
  const set = listIn(payload['resultSets'])
    .map(objectIn)
    .find((candidate) => candidate['name'] === name);
  const headers = listIn(set?.['headers']).map(textIn);
  return listIn(set?.['rowSet']).map((row) =>
    Object.fromEntries(headers.map((header, index) => [header, listIn(row)[index]])),
  );
}

/** Recognises an answer of the league's older endpoints by its resource. */
export function isResource(head: string, resource: string): boolean {
  return new RegExp(`^\\uFEFF?\\s*\\{\\s*"resource"\\s*:\\s*"${resource}"`).test(head);
}

/**
 * The slate of a game payload: the ET date of `gameTimeUTC`, otherwise the date `gameEt` prints (the league labels
 * Eastern times with Z, so the digits count and not the label), otherwise the date in `gameCode` ("20201222/GSWBKN"),
 * otherwise a date in the path of the file, which is where a recorder of dateless answers must put it. Undefined when
 * none of them is there or the first that is there does not exist.
 */
export function slateOfGame(game: JsonObject, path: string): Slate | undefined {
  const utc = textIn(game['gameTimeUTC']);
  if (utc !== '') return isInstant(utc) ? slateOf(utc) : undefined;
  const code = textIn(game['gameCode']);
  const digits = [
    textIn(game['gameEt']).slice(0, 10),
    `${code.slice(0, 4)}-${code.slice(4, 6)}-${code.slice(6, 8)}`,
  ];
  const inPath = /(?:^|[^\d])(\d{4}-\d{2}-\d{2})(?:[^\d]|$)/.exec(path)?.[1] ?? '';
  return [...digits, inPath].find(isDate) as Slate | undefined;
}

/** True for W, false for L. Throws RowRejection missing_field for an empty field and impossible_value for anything else. */
export function winOrLoss(field: string, text: string): boolean {
  if (text === 'W') return true;
  if (text === 'L') return false;
  throw new RowRejection(
    field,
    text === '' ? 'missing_field' : 'impossible_value',
    `expected W or L, saw "${text}"`,
  );
}
