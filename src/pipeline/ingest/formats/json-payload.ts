import { isDate, type Slate, slateOf } from '#core/calendar.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { jsonOf, unreadable } from './units.ts';

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
  return typeof value === 'string' ? value.trim() : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The object a payload has under a key. Throws TIPOFF_BAD_INPUT when the document is unreadable or has no such object. */
export function payloadUnder(file: InputFile, key: string): JsonObject {
  const value = objectIn(jsonOf(file))[key];
  if (typeof value !== 'object' || value === null) throw unreadable(file, `an object under "${key}"`, typeof value);
  return value as JsonObject;
}

/** Recognises payloads by their first key beside `meta`, which leads every answer of the league's newer endpoints. */
export function leadsWith(head: string, key: string): boolean {
  return new RegExp(`^\\uFEFF?\\s*\\{\\s*(?:"meta"\\s*:\\s*\\{[^{}]*\\}\\s*,\\s*)?"${key}"\\s*:\\s*\\{`).test(head);
}

/** Rows of a named table of the league's older endpoints (`resultSets`), by column name. */
export function resultSet(payload: JsonObject, name: string): readonly JsonObject[] {
  const set = listIn(payload['resultSets'])
    .map(objectIn)
    .find((candidate) => candidate['name'] === name);
  const headers = listIn(set?.['headers']).map(textIn);
  return listIn(set?.['rowSet']).map((row) => Object.fromEntries(headers.map((header, index) => [header, listIn(row)[index]])));
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
  if (utc !== '') return isDate(utc.slice(0, 10)) && !Number.isNaN(Date.parse(utc)) ? slateOf(utc) : undefined;
  const code = textIn(game['gameCode']);
  const digits = [textIn(game['gameEt']).slice(0, 10), `${code.slice(0, 4)}-${code.slice(4, 6)}-${code.slice(6, 8)}`];
  const inPath = /(?:^|[^\d])(\d{4}-\d{2}-\d{2})(?:[^\d]|$)/.exec(path)?.[1] ?? '';
  return [...digits, inPath].find(isDate) as Slate | undefined;
}
