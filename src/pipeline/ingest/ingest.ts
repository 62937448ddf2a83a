import { hash } from 'node:crypto';
import type { TableContract } from '#core/contracts/define.ts';
import { ingestedFiles, rejectedRows } from '#core/contracts/nba_raw.ts';
import { breachOf } from '#core/contracts/rules.ts';
import { countBy } from '#core/count-by.ts';
import { ERROR_CODES, type ErrorCode, messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import {
  forcedFormat,
  formatOf,
  type InputFile,
  type InputFormat,
  ignoredReason,
  loadingRank,
  type ParsedFile,
  type ParsedRow,
  type ReasonCode,
  type RejectedInput,
  SCREENING_REASONS,
  unpacked,
  unusedReason,
} from './format.ts';
import { isTimedQuote, publishedTipoffs, screenInPlay, type TipoffTimes } from './in-play.ts';
import { screenMixedPrices } from './price-consensus.ts';
import { idOf, rowIdsFor } from './rows.ts';
import { repeatedId, replacedRows } from './versions.ts';

/** Units of a file by outcome: loaded + duplicate + rejected = read. */
interface UnitCounts {
  readonly read: number;
  /** Rows new to the warehouse. */
  readonly loaded: number;
  /** Units the warehouse already has, or that repeat another unit of the file. */
  readonly duplicate: number;
  /** Units in quarantine. */
  readonly rejected: number;
}

interface LoadedFile extends UnitCounts {
  readonly outcome: 'loaded';
  readonly path: string;
  readonly format: string;
  /** New rows by table. */
  readonly tables: Readonly<Record<string, number>>;
  /** Rows that were known before and no longer count, by the file whose versions count instead. */
  readonly replacedBy: Readonly<Record<string, number>>;
  /** Rejected units by reason. */
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>;
  readonly seconds: number;
}

interface FailedFile {
  readonly outcome: 'failed';
  readonly path: string;
  readonly format: string | null;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

interface IgnoredFile {
  readonly outcome: 'ignored';
  readonly path: string;
  readonly reason: string;
}

export type FileReport = LoadedFile | FailedFile | IgnoredFile;

/** What an ingest did, file by file and in sum. A command that ends with `failed` or `damaged` above 0 exits with 2. */
export interface IngestReport extends UnitCounts {
  readonly files: readonly FileReport[];
  /** New rows by table, over all files. */
  readonly tables: Readonly<Record<string, number>>;
  /** Rejected units by reason, over all files. */
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>;
  /** Rejected units of files that were asked for by name, but for those that were only screened out. */
  readonly damaged: number;
  readonly filesLoaded: number;
  readonly failed: number;
  readonly ignored: number;
  readonly seconds: number;
}

/** Sums up the reports of files, sorted by path; `named` are the paths that were asked for by name. */
function summarise(files: readonly FileReport[], seconds: number, named: ReadonlySet<string>): IngestReport {
  const loaded = files.filter((file) => file.outcome === 'loaded');
  const sum = (field: keyof UnitCounts): number => loaded.reduce((total, file) => total + file[field], 0);
  return {
    files: [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
    read: sum('read'),
    loaded: sum('loaded'),
    duplicate: sum('duplicate'),
    rejected: sum('rejected'),
    tables: addUp(loaded.map(({ tables }) => tables)),
    reasons: addUp(loaded.map(({ reasons }) => reasons)),
    damaged: loaded
      .filter(({ path }) => named.has(path))
      .reduce((total, file) => total + damagedUnits(file), 0),
    filesLoaded: loaded.length,
    failed: files.filter(({ outcome }) => outcome === 'failed').length,
    ignored: files.filter(({ outcome }) => outcome === 'ignored').length,
    seconds,
  };
}

function damagedUnits({ reasons }: LoadedFile): number {
  return Object.entries(reasons).reduce(
    (total, [reason, n]) => total + (SCREENING_REASONS.has(reason as ReasonCode) ? 0 : n),
    0,
  );
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of counts)
    for (const [name, n] of Object.entries(part)) total[name] = (total[name] ?? 0) + n;
  return total;
}

/** Length to which the text of a quarantined row is cut. */
const RAW_ROW_LENGTH = 2_000;

/** A file to ingest whose bytes are fetched when its turn comes. */
export interface SourceFile {
  /** Path below the ingested folder, with forward slashes. */
  readonly path: string;
  /** True when the user named this file, so it is expected to be valid; a file found in a folder may be anything. */
  readonly isNamed?: boolean;
  /** The bytes; throws TIPOFF_NOT_FOUND when the file is not there. */
  read(): Promise<Uint8Array>;
  /** When a live provider gave the bytes (ISO UTC); absent for files. */
  readonly fetchedAt?: string;
}

export interface IngestOptions {
  /** Prepared: the raw tables exist. */
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly files: Iterable<SourceFile> | AsyncIterable<SourceFile>;
  readonly formats: readonly InputFormat[];
  /** Id of the format to use for every file instead of recognising it. */
  readonly force?: string;
  /** Called after every file. */
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly file: FileReport;
  }) => void;
}

interface Recognised {
  readonly source: SourceFile;
  readonly format: InputFormat;
}

/**
 * Loads files into nba_raw: schedules first, then results, then quotes. Running it again changes nothing, since rows are
 * known by their content; a corrected row is loaded as a new version. What a live provider says again, after it has said something else,
 * is a new version too; of a file that does so it is only reported. Every file leaves a receipt, every rejected unit a
 * row in quarantine.
 *
 * A file that cannot be read at all is reported as failed and the others go on. What stops the ingest are refusals of
 * the warehouse and an unknown `force` (TIPOFF_BAD_INPUT), and a format whose counts do not add up (TIPOFF_CONTRACT).
 */
export async function ingest(options: IngestOptions): Promise<IngestReport> {
  const { clock, formats, force } = options;
  if (force !== undefined) forcedFormat(formats, force);
  const started = clock.now().getTime();
  const sources: SourceFile[] = [];
  for await (const source of options.files) sources.push(source);
  const reports: FileReport[] = [];
  const done = (file: FileReport): void => {
    reports.push(file);
    options.onProgress?.({ done: reports.length, total: sources.length, file });
  };

  const recognised: Recognised[] = [];
  for (const source of sources) {
    const reason = ignoredReason(source.path);
    if (reason !== undefined) {
      done({ outcome: 'ignored', path: source.path, reason });
      continue;
    }
    try {
      const file = await bytesOf(source);
      const unused = force === undefined ? unusedReason(file.bytes) : undefined;
      if (unused === undefined) recognised.push({ source, format: formatOf(file, formats, force) });
      else done({ outcome: 'ignored', path: source.path, reason: unused });
    } catch (error) {
      done(failure(source.path, null, error));
    }
  }

  recognised.sort((a, b) => loadingRank(a.format) - loadingRank(b.format));
  const loader = fileLoader(options.warehouse, clock);
  for (const { source, format } of recognised) {
    let parsed: { file: InputFile; content: ParsedFile };
    try {
      const file = await bytesOf(source);
      parsed = { file, content: await format.parse(file) };
    } catch (error) {
      done(failure(source.path, format.id, error));
      continue;
    }
    done(await loader(parsed.file, format, parsed.content));
  }
  const named = new Set(sources.filter(({ isNamed }) => isNamed).map(({ path }) => path));
  return summarise(reports, secondsSince(clock, started), named);
}

async function bytesOf(source: SourceFile): Promise<InputFile> {
  const { path, fetchedAt } = source;
  return unpacked({ path, bytes: await source.read(), ...omitUndefined({ fetchedAt }) });
}

/** A file's failure as a line of the report. An error without a code is a defect of the format and is reported as such. */
function failure(path: string, format: string | null, error: unknown): FailedFile {
  if (error instanceof TipoffError) {
    return { outcome: 'failed', path, format, code: error.code, message: error.message, hint: error.hint };
  }
  const code: ErrorCode = 'TIPOFF_CONTRACT';
  return {
    outcome: 'failed',
    path,
    format,
    code,
    message: `${path}: ${format ?? 'reading'} broke: ${messageOf(error)} (${ERROR_CODES[code].meaning})`,
    hint: 'This is a defect of the format, not of the file; report it with the file.',
  };
}

function fileLoader(warehouse: Warehouse, clock: Clock) {
  let tipoffs: TipoffTimes | undefined;
  return async (file: InputFile, format: InputFormat, parsed: ParsedFile): Promise<LoadedFile> => {
    const now = clock.now();
    const { kept, rejected: mixed } = screenMixedPrices(parsed.rows);
    let rows = kept;
    let rejected = [...parsed.rejected, ...mixed];
    if (rows.some(isTimedQuote)) {
      // Read once, when the first quotes come: schedules were loaded before.
      tipoffs ??= await publishedTipoffs(warehouse);
      const screened = screenInPlay(rows, tipoffs);
      rows = screened.kept;
      rejected = [...rejected, ...screened.rejected];
    }
    const sound = screenBreaches(rows);
    rows = sound.kept;
    rejected = [...rejected, ...sound.rejected];
    checkCounts(file.path, format.id, parsed, rows.length, rejected.length);
    const ingestedAt = now.toISOString();
    const tables: Record<string, number> = {};
    const replaced: string[] = [];
    for (const [table, tableRows] of byTable(rows)) {
      const ids = rowIdsFor(table, format.id);
      const versions = tableRows.map(({ record, line }) => ({
        ...record,
        source: format.id,
        source_file: file.path,
        source_line: line,
        row_id: ids(record),
        ingested_at: ingestedAt,
      }));
      let added = await warehouse.appendNew(table, versions);
      if (added < versions.length) {
        const old = await replacedRows(warehouse, table, format.id, versions);
        // A provider that says again what it said before takes back what it said in between; a file may just be an old one.
        if (file.fetchedAt === undefined) replaced.push(...old.map(({ by }) => by.source_file));
        else
          added += await warehouse.appendNew(
            table,
            old.map(({ row, by }) => ({ ...row, row_id: repeatedId(row.row_id, by.row_id) })),
          );
      }
      tables[table.name] = added;
    }
    await warehouse.appendNew(
      rejectedRows,
      rejected.map((unit) => quarantined(unit, file.path, format.id, ingestedAt)),
    );
    const loaded = Object.values(tables).reduce((sum, n) => sum + n, 0);
    const counts = {
      read: parsed.read,
      loaded,
      duplicate: parsed.read - loaded - rejected.length,
      rejected: rejected.length,
    };
    const contentHash = hash('sha256', file.bytes);
    await warehouse.appendNew(ingestedFiles, [
      {
        receipt_id: idOf(file.path, contentHash, format.id, ingestedAt),
        source: format.id,
        source_file: file.path,
        content_hash: contentHash,
        rows_read: counts.read,
        rows_loaded: counts.loaded,
        rows_duplicate: counts.duplicate,
        rows_rejected: counts.rejected,
        ingested_at: ingestedAt,
      },
    ]);
    return {
      outcome: 'loaded',
      path: file.path,
      format: format.id,
      ...counts,
      tables,
      replacedBy: Object.fromEntries(countBy(replaced, (by) => by)),
      reasons: Object.fromEntries(countBy(rejected, ({ reasonCode }) => reasonCode)),
      seconds: secondsSince(clock, now.getTime()),
    };
  };
}

/** Keeps out what breaks a rule of its table's contract, with column, value and rule. */
function screenBreaches(rows: readonly ParsedRow[]): { kept: ParsedRow[]; rejected: RejectedInput[] } {
  const kept: ParsedRow[] = [];
  const rejected: RejectedInput[] = [];
  for (const row of rows) {
    const breach = breachOf(row.table, row.record);
    if (breach === undefined) {
      kept.push(row);
      continue;
    }
    rejected.push({
      line: row.line,
      field: breach.column,
      reasonCode: 'impossible_value',
      reason: `expected ${breach.expected} in ${breach.column}, saw ${breach.value}`,
      raw: JSON.stringify(row.record),
    });
  }
  return { kept, rejected };
}

/** Every unit is a row, a duplicate or a rejection: anything else would be a silent drop. */
function checkCounts(path: string, format: string, parsed: ParsedFile, rows: number, rejected: number): void {
  const accounted = rows + parsed.duplicates + rejected;
  if (accounted === parsed.read) return;
  throw new TipoffError(
    'TIPOFF_CONTRACT',
    `${path}: expected rows + duplicates + rejected = ${parsed.read} units read, saw ${rows} + ${parsed.duplicates} + ${rejected} = ${accounted}`,
    {
      hint: `Correct the format ${format}; nothing of the file was loaded.`,
      details: { file: path, format, read: parsed.read, accounted },
    },
  );
}

function byTable(rows: readonly ParsedRow[]): Map<TableContract, ParsedRow[]> {
  return Map.groupBy(rows, ({ table }) => table);
}

function quarantined(unit: RejectedInput, path: string, format: string, ingested_at: string) {
  const raw_row = unit.raw.slice(0, RAW_ROW_LENGTH);
  return {
    row_id: idOf(path, unit.line, unit.field, unit.reasonCode, unit.reason, raw_row),
    source: format,
    source_file: path,
    source_line: unit.line,
    field: unit.field,
    reason_code: unit.reasonCode,
    reason: unit.reason,
    raw_row,
    ingested_at,
  };
}

function secondsSince(clock: Clock, started: number): number {
  return (clock.now().getTime() - started) / 1000;
}
