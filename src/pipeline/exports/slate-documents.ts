import type { Slate } from '#core/calendar.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { statement } from '#core/statement.ts';
import { COUNTED_GRADES } from '#pipeline/grade/grade.ts';
import type { SlateRecords } from '#pipeline/grade/record.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { type Draft, isWithdrawnRow, type Scope } from './document.ts';

const PREDICTION_COLUMNS = [
  ...[
    'prediction_id',
    'publication_id',
    'record_class',
    'game_id',
    'tipoff_at',
    'player_id',
    'player_name',
    'team_abbr',
    'opponent_abbr',
  ],
  ...[
    'is_home',
    'market',
    'system_id',
    'model_id',
    'predicted',
    'mean',
    'sd',
    'p10',
    'p25',
    'p75',
    'p90',
    'fair_line',
  ],
  ...[
    'line_role',
    'line',
    'bookmaker',
    'over_price',
    'under_price',
    'line_snapshot_at',
    'line_quality',
    'p_over',
    'p_push',
    'p_under',
    'model_p_over',
  ],
  ...[
    'edge',
    'recommendation',
    'confidence',
    'expected_value',
    'is_actionable',
    'filter_reason',
    'feature_quality_score',
    'quality_alert_level',
  ],
  ...['injury_status', 'p_plays', 'has_status_feed', 'run_mode', 'predicted_at', 'published_at'],
];
const GRADE_COLUMNS = [
  ...[
    'prediction_id',
    'publication_id',
    'record_class',
    'game_id',
    'player_id',
    'player_name',
    'team_abbr',
    'opponent_abbr',
    'market',
    'system_id',
  ],
  ...[
    'model_id',
    'line',
    'line_role',
    'bookmaker',
    'recommendation',
    'is_actionable',
    'filter_reason',
    'predicted',
    'edge',
  ],
  ...[
    'confidence',
    'actual',
    'actual_minutes',
    'outcome',
    'is_correct',
    'void_reason',
    'signed_error',
    'absolute_error',
  ],
  ...['actual_margin', 'price', 'profit'],
];

/** The most informed system first. */
const SYSTEM_ORDER = ['market', 'ridge', 'minutes_rate', 'ewma8'];

/** Visible predictions of a slate. */
export const EXPORTED_PREDICTIONS = statement({
  owner: 'export slate-documents',
  sql: `SELECT ${PREDICTION_COLUMNS.join(', ')} FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)
     ORDER BY market, system_id, player_name, player_id, line, prediction_id`,
});

/** Grades that count; parameters `from` and `to`. */
export const EXPORTED_GRADES = statement({
  owner: 'export slate-documents',
  sql: `SELECT ${GRADE_COLUMNS.map((name) => `g.${name}`).join(', ')} FROM (${COUNTED_GRADES}) g
     ORDER BY g.record_class DESC, g.market, g.system_id, g.player_name, g.player_id, g.line, g.prediction_id`,
});

export interface SlateDrafts {
  readonly picks: Draft;
  readonly predictions: Draft;
}

/**
 * Drafts of `picks.json` and `predictions.json` from one read of the visible predictions of a slate. Picks are the
 * actionable rows; `rank` counts within a system by expected value.
 */
export async function draftPredictions(
  warehouse: Warehouse,
  slate: Slate,
  scope: Scope,
  cacheControl: string,
): Promise<SlateDrafts> {
  const rows = await warehouse.query(EXPORTED_PREDICTIONS.sql, { slate });
  const picks = ranked(rows.filter((row) => row['is_actionable'] === true));
  const current = new Map(
    rows.map((row) => [`${String(row['player_id'])} ${String(row['market'])}`, row['publication_id']]),
  );
  const about = { slate, cacheControl, scope };
  const taken = isWithdrawnRow(scope, slate);
  // Withdrawn players are listed beside the rows, so that a pick that disappeared has a visible reason.
  const withdrawn_players = scope.withdrawnPlayers.map(({ slate: _slate, ...row }) => row);
  const extra = withdrawn_players.length === 0 ? {} : { withdrawn_players };
  const predictions = { ...draft('predictions', rows, about, extra), isGone: taken };
  return {
    predictions,
    picks: {
      ...draft('picks', picks, about, extra),
      ...(scope.hasGames && rows.length > 0 ? { emptyStatus: 'empty' as const } : {}),
      isGone: (row) => {
        const now = current.get(`${String(row.player_id)} ${String(row.market)}`);
        return taken(row) || (now !== undefined && now !== row.publication_id);
      },
    },
  };
}

/** Draft of `results.json`: the grades that count for a slate, live and backfill apart, with the record of the slate. */
export async function draftResults(
  warehouse: Warehouse,
  records: SlateRecords,
  slate: Slate,
  scope: Scope,
  cacheControl: string,
): Promise<Draft> {
  const rows = await warehouse.query(EXPORTED_GRADES.sql, { from: slate, to: slate });
  const summary = (await records(slate)).map(({ kind: _kind, period: _period, ...row }) => row);
  return draft('results', rows, { slate, cacheControl, scope }, { record: summary });
}

function draft(
  kind: 'picks' | 'predictions' | 'results',
  rows: readonly Row[],
  {
    slate,
    cacheControl,
    scope,
  }: { readonly slate: Slate; readonly cacheControl: string; readonly scope: Scope },
  extra: Readonly<Record<string, unknown>> = {},
): Draft {
  const contributing = [...new Set(rows.map((row) => String(row['publication_id'])))].sort();
  const base = {
    path: `exports/${slate}/${kind}.json`,
    kind,
    slate,
    season: null,
    rows,
    rowCount: rows.length,
    cacheControl,
  };
  if (rows.length > 0) return { ...base, publicationIds: contributing, extra };
  const { emptyStatus } = emptiness(scope);
  return {
    ...base,
    publicationIds: scope.visible,
    extra: { ...extra, withdrawn: scope.withdrawn },
    ...omitUndefined({ emptyStatus }),
  };
}

/** What an empty document of the slate means when nothing is stored: no games, or everything withdrawn. */
function emptiness(scope: Scope): { readonly emptyStatus: 'no_games' | 'withdrawn' | undefined } {
  if (!scope.hasGames) return { emptyStatus: 'no_games' };
  const isWithdrawn = scope.visible.length === 0 && scope.withdrawn.length > 0;
  return { emptyStatus: isWithdrawn ? 'withdrawn' : undefined };
}

function ranked(rows: readonly Row[]): Row[] {
  const value = (row: Row): number => Number(row['expected_value'] ?? 0);
  const systems = Map.groupBy(rows, (row) => String(row['system_id']));
  const place = (system: string): number =>
    (SYSTEM_ORDER.indexOf(system) + SYSTEM_ORDER.length + 1) % (SYSTEM_ORDER.length + 1);
  return [...systems.keys()]
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
    .flatMap((system) =>
      (systems.get(system) ?? [])
        .toSorted((a, b) => value(b) - value(a))
        .map((row, i) => ({ rank: i + 1, ...row })),
    );
}
