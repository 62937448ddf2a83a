import { addDays, slateOf } from '#core/calendar.ts';
import { columnNames, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import type { PhaseRun } from '#core/contracts/nba_orchestration.ts';
import {
  type BackfillStatus,
  backfillStatus,
  progressOf,
  type RunDoc,
  type RunProgress,
  readUnits,
} from '#guard/backfill/ledger.ts';
import { BACKFILL_PHASES } from '#guard/backfill/steps.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import type { StatusDeps } from '#guard/status/answer.ts';
import type { Status } from '#guard/status/status.ts';
import { PROCESSORS, STAGES } from '#pipeline/graph.ts';
import { outputOf, tablesOf } from '#pipeline/processor.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Packed, pack } from './packed.ts';
import type { SlateSpan } from './slate.ts';

/** An incident as a timeline shows it. */
export interface IncidentReading {
  readonly incident_id: string;
  readonly check: string;
  readonly phase: string;
  readonly question: string;
  readonly severity: string;
  readonly status: string;
  readonly opened_at: string;
  readonly closed_at: string | null;
  readonly slates: readonly string[];
  readonly reason: string;
  readonly repair: string;
  readonly hidden_by: string | null;
  readonly acknowledged_by: string | null;
}

/** Of a slate's games, how many each source has. */
export interface SourceCoverage {
  readonly slate: string;
  readonly games: number;
  readonly box_scores: number;
  readonly team_box_scores: number;
  readonly lines: number;
  readonly status_reports: number;
  readonly shots: number;
  readonly predictions: number;
  readonly grades: number;
}

export interface HealthReading {
  readonly status: Status;
  readonly incidents: readonly IncidentReading[];
  /** Finished runs of processors in the last weeks. {@link PhaseRun} */
  readonly runs: Packed;
  /** {@link SourceCoverage} */
  readonly sources: Packed;
}

/** Days of runs that are shown. */
const RUN_DAYS = 30;
/** Runs that are shown at most, the newest. */
const MAX_RUNS = 1500;

const RUNS = `
SELECT run_id, phase, processor, slate_from, slate_to, verdict, row_count, reason, started_at, finished_at
FROM nba_orchestration.phase_runs
WHERE started_at BETWEEN CAST(@since AS TIMESTAMP) AND CAST(@until AS TIMESTAMP)
ORDER BY started_at DESC, processor`;

const RUN_COLUMNS = [
  ...(['phase', 'processor', 'slate_from', 'slate_to', 'verdict', 'row_count', 'reason'] as const),
  ...(['started_at', 'finished_at'] as const),
] satisfies (keyof PhaseRun)[];

const SOURCES = `
WITH days AS (
  SELECT slate, COUNT(*) AS games FROM nba_reference.counted_games
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), box AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_analytics.player_game_summary
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND played
  GROUP BY slate
), team AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_analytics.team_game_summary
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND source = 'team_box_score'
  GROUP BY slate
), lines AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_analytics.player_prop_lines
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND resolution = 'resolved'
  GROUP BY slate
), reports AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND has_status_feed
  GROUP BY slate
), shots AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_raw.shots
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), predicted AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_predictions.current_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), graded AS (
  SELECT slate, COUNT(DISTINCT game_id) AS games FROM nba_predictions.prediction_grades
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
)
SELECT d.slate, d.games, COALESCE(b.games, 0) AS box_scores, COALESCE(t.games, 0) AS team_box_scores, COALESCE(l.games, 0) AS lines,
  COALESCE(r.games, 0) AS status_reports, COALESCE(s.games, 0) AS shots, COALESCE(p.games, 0) AS predictions,
  COALESCE(g.games, 0) AS grades
FROM days d
LEFT JOIN box b ON b.slate = d.slate
LEFT JOIN team t ON t.slate = d.slate
LEFT JOIN lines l ON l.slate = d.slate
LEFT JOIN reports r ON r.slate = d.slate
LEFT JOIN shots s ON s.slate = d.slate
LEFT JOIN predicted p ON p.slate = d.slate
LEFT JOIN graded g ON g.slate = d.slate
ORDER BY d.slate`;

const SOURCE_COLUMNS = [
  ...(['slate', 'games', 'box_scores', 'team_box_scores', 'lines', 'status_reports', 'shots'] as const),
  ...(['predictions', 'grades'] as const),
] satisfies (keyof SourceCoverage)[];

/** The answers of a status, incidents, what ran lately, and which games of a span each source has. */
export async function readHealth(
  { warehouse, state, clock }: Pick<StatusDeps, 'warehouse' | 'state' | 'clock'>,
  span: SlateSpan,
  status: Status,
): Promise<HealthReading> {
  const now = clock.now();
  const today = slateOf(now);
  const runs = await warehouse.query<PhaseRun>(RUNS, {
    since: `${addDays(today, -RUN_DAYS)}T00:00:00Z`,
    until: now.toISOString(),
  });
  const incidents = await listIncidents(state, 'all');
  const sources = await warehouse.query<SourceCoverage>(SOURCES, { from: span.from, to: span.to });
  return {
    status,
    incidents: incidents.map((incident): IncidentReading => {
      const [newest] = Object.entries(incident.slates).toSorted(([a], [b]) => b.localeCompare(a));
      return {
        incident_id: incident.incident_id,
        check: incident.fingerprint,
        phase: incident.phase,
        question: incident.question,
        severity: incident.severity,
        status: incident.status,
        opened_at: incident.opened_at,
        closed_at: incident.closed_at,
        slates: Object.keys(incident.slates).sort(),
        reason: newest?.[1].reason ?? '',
        repair: newest?.[1].repair ?? '',
        hidden_by: incident.hidden_by,
        acknowledged_by: incident.ack?.by ?? null,
      };
    }),
    runs: pack(runs.slice(0, MAX_RUNS), RUN_COLUMNS),
    sources: pack(
      sources.filter((day) => day.slate <= today),
      SOURCE_COLUMNS,
    ),
  };
}

/** A processor or stage of the pipeline with the tables it writes and reads, and its last run. */
export interface LineageNode {
  readonly name: string;
  /** Number and name, as the documents order them: "3 analytics". */
  readonly phase: string;
  readonly writes: readonly string[];
  readonly reads: readonly string[];
  /** What it reads that is no table. */
  readonly others: readonly string[];
  readonly last: {
    readonly at: string;
    readonly verdict: string;
    readonly rows: number;
    readonly from: string | null;
    readonly to: string | null;
    readonly reason: string | null;
  } | null;
}

export interface LineageReading {
  readonly nodes: readonly LineageNode[];
  readonly tables: readonly { readonly id: string; readonly description: string; readonly columns: number }[];
}

const LAST_RUNS = `
SELECT processor, slate_from, slate_to, verdict, row_count, reason, finished_at
FROM nba_orchestration.phase_runs
WHERE started_at >= CAST(@since AS TIMESTAMP)
QUALIFY ROW_NUMBER() OVER (PARTITION BY processor ORDER BY finished_at DESC) = 1`;

const LAST_INGEST = `
SELECT MAX(ingested_at) AS last_at, SUM(rows_loaded) AS row_count FROM nba_raw.ingested_files
WHERE ingested_at >= CAST(@since AS TIMESTAMP)`;

const LAST_PUBLICATION = `
SELECT slate, event, event_at, row_count, reason FROM nba_predictions.publications
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY event_at DESC, publication_id DESC
LIMIT 1`;

const LAST_GRADES = `
SELECT MAX(graded_at) AS last_at, COUNT(*) AS row_count, MIN(slate) AS first_slate, MAX(slate) AS last_slate
FROM nba_predictions.prediction_grades WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`;

const LAST_MODEL = `
SELECT model_id, created_at, training_rows FROM nba_predictions.model_registry ORDER BY created_at DESC, model_id LIMIT 1`;

/** The declared graph with what every node did last. */
export async function readLineage(warehouse: Warehouse, span: SlateSpan): Promise<LineageReading> {
  const since = { since: '1970-01-01T00:00:00Z' };
  const range = { from: span.from, to: span.to };
  type LastRun = Pick<
    PhaseRun,
    'processor' | 'slate_from' | 'slate_to' | 'verdict' | 'row_count' | 'reason' | 'finished_at'
  >;
  const runs = new Map((await warehouse.query<LastRun>(LAST_RUNS, since)).map((run) => [run.processor, run]));
  const stages = await lastOfStages(warehouse, since, range);
  const writersOf = new Map(CONTRACTS.map((table) => [tableId(table), table.writer]));
  const writtenBy = (name: string): string[] =>
    [...writersOf].filter(([, writer]) => writer === name).map(([id]) => id);
  const nodes: LineageNode[] = [
    ...STAGES.map(
      ({ name, phase, inputs, others = [] }): LineageNode => ({
        name,
        phase,
        writes: writtenBy(name),
        reads: tablesOf(inputs),
        others,
        last: stages.get(name) ?? null,
      }),
    ),
    ...PROCESSORS.map((processor): LineageNode => {
      const run = runs.get(processor.name);
      return {
        name: processor.name,
        phase: `${processor.phase === 'analytics' ? 3 : 4} ${processor.phase}`,
        writes: [outputOf(processor)],
        reads: tablesOf(processor.inputs),
        others: [],
        last:
          run === undefined
            ? null
            : {
                at: run.finished_at,
                verdict: run.verdict,
                rows: run.row_count,
                from: run.slate_from,
                to: run.slate_to,
                reason: run.reason,
              },
      };
    }),
  ].sort((a, b) => a.phase.localeCompare(b.phase));
  const used = new Set(nodes.flatMap(({ reads, writes }) => [...reads, ...writes]));
  return {
    nodes,
    tables: CONTRACTS.filter((table) => used.has(tableId(table))).map((table) => ({
      id: tableId(table),
      description: table.description,
      columns: columnNames(table).length,
    })),
  };
}

/** The last work of the stages that leave no receipt of a processor, by the name of the stage. */
async function lastOfStages(
  warehouse: Warehouse,
  since: { readonly since: string },
  range: { readonly from: string; readonly to: string },
): Promise<Map<string, NonNullable<LineageNode['last']>>> {
  const found = new Map<string, NonNullable<LineageNode['last']>>();
  const [ingest] = await warehouse.query<{ last_at: string | null; row_count: number | null }>(
    LAST_INGEST,
    since,
  );
  if (ingest?.last_at != null)
    found.set('ingest', {
      at: ingest.last_at,
      verdict: 'done',
      rows: ingest.row_count ?? 0,
      from: null,
      to: null,
      reason: null,
    });
  const [publication] = await warehouse.query<{
    slate: string;
    event: string;
    event_at: string;
    row_count: number;
    reason: string | null;
  }>(LAST_PUBLICATION, range);
  if (publication !== undefined) {
    const { slate, event, event_at, row_count, reason } = publication;
    const last = { at: event_at, verdict: event, rows: row_count, from: slate, to: slate, reason };
    found.set('Publication', last);
    found.set('PredictionWorker', { ...last, verdict: 'done', reason: null });
  }
  const [grades] = await warehouse.query<{
    last_at: string | null;
    row_count: number;
    first_slate: string | null;
    last_slate: string | null;
  }>(LAST_GRADES, range);
  if (grades?.last_at != null)
    found.set('Grading', {
      at: grades.last_at,
      verdict: 'done',
      rows: grades.row_count,
      from: grades.first_slate,
      to: grades.last_slate,
      reason: null,
    });
  const [model] = await warehouse.query<{ model_id: string; created_at: string; training_rows: number }>(
    LAST_MODEL,
  );
  if (model !== undefined)
    found.set('train', {
      at: model.created_at,
      verdict: 'done',
      rows: model.training_rows,
      from: null,
      to: null,
      reason: `model ${model.model_id}`,
    });
  return found;
}

/** One month of one step of the backfill. */
export interface BackfillUnit {
  readonly step: string;
  readonly month: string;
  readonly slates: number;
  readonly held: number;
  readonly failed: number;
}

export interface BackfillReading extends BackfillStatus {
  /** As in the status, with how far each is. */
  readonly runs: readonly (RunDoc & { readonly progress: RunProgress })[];
  /** {@link BackfillUnit} */
  readonly units: Packed;
}

/** What the ledger of the backfill holds. Reads the state store only. */
export async function readBackfill(state: StateStore): Promise<BackfillReading> {
  const backfilled = [...(await readUnits(state)).values()];
  const units = backfilled.map(
    ({ step, month, slates, failed }): BackfillUnit => ({
      step,
      month,
      slates: Object.keys(slates).length,
      held: Object.values(slates).filter(({ held }) => held !== undefined).length,
      failed: Object.keys(failed).length,
    }),
  );
  const status = await backfillStatus(state);
  const phaseOf = new Map(backfilled.map(({ step, phase }) => [step, BACKFILL_PHASES.indexOf(phase)]));
  return {
    ...status,
    runs: status.runs.map((run) => ({ ...run, progress: progressOf(run) })),
    steps: status.steps.toSorted((a, b) => (phaseOf.get(a.step) ?? 0) - (phaseOf.get(b.step) ?? 0)),
    units: pack(
      units.sort((a, b) => a.month.localeCompare(b.month)),
      ['step', 'month', 'slates', 'held', 'failed'],
    ),
  };
}
