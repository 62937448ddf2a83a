import { gunzipSync } from 'node:zlib';
import type { TableContract } from '#core/contracts/define.ts';
import { messageOf, TipoffError } from '#core/errors.ts';

/** A file as ingest sees it: bytes with a path. The source of the bytes (folder, bucket, request) does not matter here. */
export interface InputFile {
  /** Path below the ingested folder, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** When a live provider gave the bytes (ISO UTC): the time of knowledge of answers that carry no clock. Absent for recorded files. */
  readonly fetchedAt?: string;
}

/** One business row for one raw table, without provenance. `record` has the contract's columns except `source`, `source_file`, `source_line`, `row_id`, `ingested_at`. */
export interface ParsedRow {
  readonly table: TableContract;
  readonly record: Readonly<Record<string, string | number | boolean | null>>;
  /** 1-based line or record number in the file. */
  readonly line: number;
}

/** A row that must not be loaded, with the field that was wrong, a stable reason and a sentence: expected, seen. */
export interface RejectedInput {
  readonly line: number;
  readonly field: string;
  readonly reasonCode: ReasonCode;
  readonly reason: string;
  /** The row as text. */
  readonly raw: string;
}

export const REASON_CODES = {
  truncated: 'the file ends inside a record',
  missing_field: 'a field the format needs is not there or is empty',
  bad_number: 'a number does not read as one',
  impossible_date: 'a date or instant does not exist',
  out_of_span: 'the row belongs to a time the format does not cover',
  unknown_team: 'no team of the league has this name',
  unknown_opponent: 'a team of the league meets one that has no such name: it was renamed, or is new',
  unknown_game: 'the game id is no game id of the league',
  all_star_game: 'the game id is that of an All-Star game, whose teams are none of the league',
  unknown_market: 'the market is not one Tipoff loads',
  bad_line: 'the line is no exact decimal',
  bad_price: 'the price is no American price',
  in_play_snapshot: 'the quote was taken after tip-off',
  bad_status: 'the status is not one of the feed’s statuses',
  impossible_value: 'a value contradicts the others of its row or lies outside its range',
  no_player: 'the row names no player',
  mixed_prices: 'the prices of a book contradict those of the other books at the same line',
} as const;
export type ReasonCode = keyof typeof REASON_CODES;

/** Reasons that keep sound rows out: nothing is wrong with the file. Every other reason says that a row is damaged. */
export const SCREENING_REASONS: ReadonlySet<ReasonCode> = new Set(['in_play_snapshot', 'out_of_span']);

/** Reasons that keep out rows about somebody else: an all-star game, a friendly, a market that is not loaded. Nothing is wrong with the file. */
export const FOREIGN_REASONS: ReadonlySet<ReasonCode> = new Set([
  'unknown_team',
  'unknown_game',
  'all_star_game',
  'unknown_market',
]);

/**
 * What a format makes of a file. Every unit the file holds (CSV line, JSON record) is counted once in `read`;
 * `units` says how many of them each outcome took, so that loaded + duplicate + rejected = read can be proven even where
 * two lines make one row (a list with one line per team).
 */
export interface ParsedFile {
  /** Units read: rows of a CSV, games, quotes or shots of a payload. */
  readonly read: number;
  readonly rows: readonly ParsedRow[];
  /** Units that repeat an earlier unit of the file and make no row of their own. */
  readonly duplicates: number;
  readonly rejected: readonly RejectedInput[];
}

/**
 * One input format. `recognise` looks at the path and the first bytes only and is exclusive: no two formats accept one
 * file. `parse` never throws for a bad row (it rejects it) and throws TIPOFF_BAD_INPUT when the file as a whole is
 * unreadable: empty, truncated JSON, missing header columns.
 */
export interface InputFormat {
  /** Stored as `source` of every row. */
  readonly id: string;
  readonly description: string;
  /** `head` is the text of the first 64 kB, `''` for binary files. */
  recognise(path: string, head: string): boolean;
  parse(file: InputFile): ParsedFile | Promise<ParsedFile>;
}

const HEAD_BYTES = 64 * 1024;
/** Characters of an unknown file that its refusal shows. */
const SHOWN_CHARACTERS = 60;

/** Files without data that are expected in a folder, with the reason for ignoring them. */
const NO_DATA: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)__MACOSX\//, 'resource fork of an archive, no data'],
  [/(?:^|\/)\.[^/]+$/, 'hidden file, no data'],
  [/(?:^|\/)(?:LICENSE|LICENCE|COPYING|NOTICE)(?:\.\w+)?$/i, 'licence text, no data'],
  [/(?:^|\/)README(?:\.\w+)?$/i, 'description, no data'],
  [/(?:^|\/)MANIFEST\.csv$/, 'list of the files of the folder, no data'],
];

/** Answers of the league that carry nothing Tipoff keeps, recognised by the endpoint they name, with what they hold. */
const UNUSED_ANSWERS: readonly (readonly [string, string])[] = [
  ['boxscoreadvanced', 'ratings of the game'],
  ['boxscoredefensive', 'matchup defence'],
  ['boxscorefourfactors', 'the four factors'],
  ['boxscorehustle', 'hustle counts'],
  ['boxscorematchups', 'minutes of pairs'],
  ['boxscoremisc', 'points by origin'],
  ['boxscoreplayertrack', 'distances and touches'],
  ['boxscorescoring', 'shares of points'],
  ['boxscoreusage', 'shares of the team'],
];

/** Why a recognised answer is not loaded (no table keeps its content); undefined for a file that should be data. */
export function unusedReason(bytes: Uint8Array): string | undefined {
  const endpoint = /^\uFEFF?\s*\{\s*"meta"\s*:\s*\{[^{}]*"request"\s*:\s*"[^"]*\/games\/\d+\/(\w+)\?/.exec(
    headOf(bytes),
  )?.[1];
  const holds = UNUSED_ANSWERS.find(([name]) => name === endpoint)?.[1];
  return holds === undefined ? undefined : `${endpoint} answer (${holds}): no table keeps it`;
}

/** Why a path is ignored; undefined for a file that should be data. */
export function ignoredReason(path: string): string | undefined {
  return NO_DATA.find(([pattern]) => pattern.test(path))?.[1];
}

/**
 * The one format that accepts a file, or the one `force` names. Throws TIPOFF_BAD_INPUT for an empty file and an unknown
 * `force`, TIPOFF_UNKNOWN_FORMAT when no format accepts the file, and TIPOFF_CONTRACT when several do.
 */
export function formatOf(file: InputFile, formats: readonly InputFormat[], force?: string): InputFormat {
  if (file.bytes.length === 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${file.path}: expected data, saw an empty file`, {
      hint: 'Fetch the file again.',
      details: { file: file.path },
    });
  }
  if (force !== undefined) return forcedFormat(formats, force);
  const head = headOf(file.bytes);
  const [format, ...others] = formats.filter((candidate) => candidate.recognise(file.path, head));
  if (format === undefined) {
    throw new TipoffError(
      'TIPOFF_UNKNOWN_FORMAT',
      `${file.path}: expected one of ${formats.length} formats, saw ${beginning(head)}`,
      {
        hint: `Remove the file, or name its format with --format. Known: ${formats.map(({ id }) => id).join(', ')}.`,
        details: { file: file.path },
      },
    );
  }
  if (others.length > 0) {
    throw new TipoffError(
      'TIPOFF_CONTRACT',
      `${file.path}: expected one format, saw ${[format, ...others].map(({ id }) => id).join(' and ')}`,
      {
        hint: 'Formats must exclude each other; name the format to load this file meanwhile.',
        details: { file: file.path },
      },
    );
  }
  return format;
}

/** The format with an id. Throws TIPOFF_BAD_INPUT when there is none. */
export function forcedFormat(formats: readonly InputFormat[], id: string): InputFormat {
  const format = formats.find((candidate) => candidate.id === id);
  if (format !== undefined) return format;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected the id of a format, saw "${id}"`, {
    hint: `Known: ${formats.map((known) => known.id).join(', ')}.`,
    details: { format: id },
  });
}

/**
 * Place of a format in the order of loading: schedules (0), then everything else (1), then quotes (2), because the
 * screen for in-play quotes asks the schedule. Formats say what they are by their id: `schedule_…`, `…lines…`, `…odds…`.
 */
export function loadingRank({ id }: Pick<InputFormat, 'id'>): 0 | 1 | 2 {
  if (id.startsWith('schedule_')) return 0;
  return /(?:^|_)(?:lines|odds|props)(?:_|$)/.test(id) ? 2 : 1;
}

/** How an unknown file begins, for the message that refuses it. */
function beginning(head: string): string {
  // U+FFFD replaces bytes that are not UTF-8.
  if (head === '' || head.includes('\uFFFD')) return 'binary data, or text that is not UTF-8';
  const [line = ''] = head.trimStart().split('\n', 1);
  return `text that begins "${line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line.trimEnd()}"`;
}

/** Text of the first bytes; '' for binary files, which are recognised by a NUL byte. */
function headOf(bytes: Uint8Array): string {
  const head = bytes.subarray(0, HEAD_BYTES);
  return head.includes(0) ? '' : new TextDecoder('utf-8').decode(head);
}

/** Bytes a packed file may have when it is unpacked: larger ones are damaged, or made to fill a disk. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

/**
 * The file itself, or, when its bytes are packed by gzip, what is in them under the same path. Throws TIPOFF_BAD_INPUT
 * when they do not unpack.
 */
export function unpacked(file: InputFile): InputFile {
  const [first, second] = file.bytes;
  if (first !== 0x1f || second !== 0x8b) return file;
  try {
    return { ...file, bytes: gunzipSync(file.bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) };
  } catch (cause) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${file.path}: expected a whole gzip file, saw one that does not unpack (${messageOf(cause)})`,
      {
        hint: 'Fetch the file again; nothing of it was loaded.',
        details: { file: file.path, bytes: file.bytes.length },
        cause,
      },
    );
  }
}
