import type { ErrorCode } from '#core/errors.ts';
import { type ReasonCode, SCREENING_REASONS } from './format.ts';

/** Units of a file by what became of them: loaded + duplicate + rejected = read. */
export interface UnitCounts {
  readonly read: number;
  /** Rows new to the warehouse. */
  readonly loaded: number;
  /** Units the warehouse already has, or that repeat another unit of the file. */
  readonly duplicate: number;
  /** Units in quarantine. */
  readonly rejected: number;
}

export interface LoadedFile extends UnitCounts {
  readonly outcome: 'loaded';
  readonly path: string;
  readonly format: string;
  /** New rows by table. */
  readonly tables: Readonly<Record<string, number>>;
  /** Rejected units by reason. */
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>;
  readonly seconds: number;
}

export interface FailedFile {
  readonly outcome: 'failed';
  readonly path: string;
  readonly format: string | null;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface IgnoredFile {
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
export function summarise(files: readonly FileReport[], seconds: number, named: ReadonlySet<string>): IngestReport {
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
    damaged: loaded.filter(({ path }) => named.has(path)).reduce((total, file) => total + damagedUnits(file), 0),
    filesLoaded: loaded.length,
    failed: files.filter(({ outcome }) => outcome === 'failed').length,
    ignored: files.filter(({ outcome }) => outcome === 'ignored').length,
    seconds,
  };
}

function damagedUnits({ reasons }: LoadedFile): number {
  return Object.entries(reasons).reduce((total, [reason, n]) => total + (SCREENING_REASONS.has(reason as ReasonCode) ? 0 : n), 0);
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of counts) for (const [name, n] of Object.entries(part)) total[name] = (total[name] ?? 0) + n;
  return total;
}
