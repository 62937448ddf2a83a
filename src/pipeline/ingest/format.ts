import type { TableContract } from '#core/contracts/define.ts';

/** A file as ingest sees it: bytes with a path. The source of the bytes (folder, bucket, request) is somebody else's concern. */
export interface InputFile {
  /** Path below the ingested folder, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
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
  unknown_game: 'the game id is no game id of the league',
  unknown_market: 'the market is not one Tipoff loads',
  bad_line: 'the line is no exact decimal',
  bad_price: 'the price is no American price',
  in_play_snapshot: 'the quote was taken after tip-off',
  bad_status: 'the status is not one of the feed’s statuses',
  impossible_value: 'a value contradicts the others of its row or lies outside its range',
  no_player: 'the row names no player',
} as const;
export type ReasonCode = keyof typeof REASON_CODES;

/** Reasons that keep sound rows out: nothing is wrong with the file. Every other reason says that a row is damaged. */
export const SCREENING_REASONS: ReadonlySet<ReasonCode> = new Set(['in_play_snapshot', 'out_of_span']);

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
