import type { Warehouse } from '#platform/warehouse/port.ts';

/** How many of the rows that could be graded are graded. */
export interface GradeCoverage {
  /** live or backfill. */
  readonly record_class: string;
  /** Visible rows with a line of counted games that are over. */
  readonly gradable: number;
  readonly graded: number;
}

/** The coverage of the record of slates [from, to], per record class. */
export async function gradeCoverage(
  warehouse: Warehouse,
  range: { readonly from: string; readonly to: string },
): Promise<GradeCoverage[]> {
  return warehouse.query<GradeCoverage>(
    `SELECT p.record_class, COUNT(*) AS gradable, COUNT(g.prediction_id) AS graded
     FROM nba_predictions.current_predictions p
     JOIN nba_reference.counted_games s ON s.game_id = p.game_id AND s.slate = p.slate AND s.status = 'final'
     LEFT JOIN nba_predictions.prediction_grades g ON g.slate = p.slate AND g.publication_id = p.publication_id AND g.market = p.market AND g.prediction_id = p.prediction_id
     WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
     GROUP BY p.record_class
     ORDER BY p.record_class`,
    { from: range.from, to: range.to },
  );
}

/** A row of the quarantine. */
interface RejectedRow {
  readonly source: string;
  readonly source_file: string;
  readonly source_line: number | null;
  readonly field: string;
  readonly reason_code: string;
  readonly reason: string;
  readonly raw_row: string;
  readonly ingested_at: string;
}

export interface Quarantine {
  /** All that fit, by reason and format. */
  readonly counts: readonly {
    readonly row_count: number;
    readonly reason_code: string;
    readonly source: string;
  }[];
  /** The newest of them. */
  readonly rows: readonly RejectedRow[];
}

/** The input rows that were not loaded, counted, and the newest of them in full. */
export async function rejectedRows(
  warehouse: Warehouse,
  wanted: { readonly reason?: string; readonly file?: string; readonly limit: number },
): Promise<Quarantine> {
  const filter = { reason: wanted.reason ?? null, file: wanted.file ?? null };
  return {
    counts: await warehouse.query(
      `SELECT COUNT(*) AS row_count, reason_code, source FROM nba_raw.rejected_rows
       WHERE (@reason IS NULL OR reason_code = @reason) AND (@file IS NULL OR STRPOS(source_file, @file) > 0)
       GROUP BY reason_code, source ORDER BY COUNT(*) DESC, reason_code, source`,
      filter,
    ),
    rows: await warehouse.query<RejectedRow>(
      `SELECT source, source_file, source_line, field, reason_code, reason, raw_row, ingested_at FROM nba_raw.rejected_rows
       WHERE (@reason IS NULL OR reason_code = @reason) AND (@file IS NULL OR STRPOS(source_file, @file) > 0)
       ORDER BY ingested_at DESC, source_file, source_line LIMIT @limit`,
      { ...filter, limit: wanted.limit },
    ),
  };
}
