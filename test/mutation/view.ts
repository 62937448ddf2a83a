import { createHash } from 'node:crypto';
import type { Slate } from '#core/calendar.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import type { IncidentDoc } from '#guard/incidents/document.ts';
import { jsonMembers, MANIFEST_PATH } from '#pipeline/exports/stored-documents.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** What a run says for itself, and what is visible and what people were told at the end of a day. */
export interface DayView {
  readonly day: Slate;
  /** Refusals, holds, skips and quarantines, as `guard: particulars`, with how often. */
  readonly blocks: Readonly<Record<string, number>>;
  /** Checks with an open incident that people heard of, with what was said. */
  readonly told: Readonly<Record<string, string>>;
  /** Checks with an open incident that another one explains, and whose message names it, with what it says. */
  readonly explained: Readonly<Record<string, string>>;
  /** Checks whose open incident is only a line of the daily digest, with what it says. */
  readonly listed: Readonly<Record<string, string>>;
  /** Every check that failed at a look of the day, whether another one explains it or not, with the hour of the first such look. */
  readonly failing: Readonly<Record<string, string>>;
  /** Rows by key. */
  readonly visible: Readonly<Record<string, readonly (string | number | null)[]>>;
  readonly grades: Readonly<Record<string, readonly (string | number | null)[]>>;
  /** Digest of each document by path, and of each entry of the manifest, times and ids of runs left out. */
  readonly documents: Readonly<Record<string, string>>;
}

/** The open incidents: those that people heard of, those that another one explains, and those that wait for the digest. */
export async function openIncidents(
  state: StateStore,
): Promise<Pick<DayView, 'told' | 'explained' | 'listed'>> {
  const failing = (await listIncidents(state, 'open')).filter(({ failing_since }) => failing_since !== null);
  const alerting = failing.filter(({ severity }) => severity !== 'info');
  return {
    told: said(alerting.filter(({ hidden_by, told_at }) => hidden_by === null && told_at !== null)),
    explained: said(alerting.filter(({ hidden_by }) => hidden_by !== null)),
    listed: said(failing.filter(({ severity }) => severity === 'info')),
  };
}

/** What some incidents say, by check. */
function said(incidents: readonly IncidentDoc[]): Record<string, string> {
  return Object.fromEntries(
    incidents.map(({ fingerprint, slates }) => [
      fingerprint,
      Object.values(slates)
        .map(({ reason, offenders }) => `${reason} ${offenders.slice(0, 3).join('; ')}`)
        .at(-1) ?? '',
    ]),
  );
}

type Rows = Record<string, readonly (string | number | null)[]>;

/** What is visible, graded and exported from a day on. */
export async function published(
  warehouse: Warehouse,
  exports: ObjectStore,
  from: Slate,
): Promise<Pick<DayView, 'visible' | 'grades' | 'documents'>> {
  type Row = Record<string, string | number | null>;
  const visible: Rows = {};
  for (const row of await warehouse.query<Row>(
    `SELECT CAST(slate AS STRING) || ' ' || CAST(player_id AS STRING) || ' ' || game_id || ' ' || market || ' ' || system_id || ' ' || line_role AS id,
       predicted, p_over, CAST(line AS FLOAT64) AS line, recommendation, bookmaker, over_price, under_price, player_name, team_abbr, opponent_abbr, injury_status
     FROM nba_predictions.current_predictions WHERE slate >= CAST(@from AS DATE)`,
    { from },
  )) {
    const { id, ...values } = row;
    visible[String(id)] = Object.values(values);
  }
  const grades: Rows = {};
  for (const row of await warehouse.query<Row>(
    `SELECT CAST(slate AS STRING) || ' ' || CAST(player_id AS STRING) || ' ' || market || ' ' || system_id || ' ' || line_role || ' ' || record_class AS id,
       actual, actual_minutes, outcome, signed_error, profit
     FROM nba_predictions.prediction_grades WHERE slate >= CAST(@from AS DATE)`,
    { from },
  )) {
    const { id, ...values } = row;
    grades[String(id)] = Object.values(values);
  }
  const documents: Record<string, string> = {};
  for (const path of (await exports.list('')).sort()) {
    const object = await exports.get(path);
    const text = new TextDecoder().decode(object?.bytes);
    const parts = path === MANIFEST_PATH ? entriesOf(text) : { [path]: text };
    for (const [name, part] of Object.entries(parts))
      documents[name] = createHash('sha256').update(withoutRuns(part)).digest('hex').slice(0, 16);
  }
  return { visible, grades, documents };
}

/**
 * The manifest, entry by entry: one that is missing is another thing than one that is wrong. As one text where it cannot be read.
 * Hashes are left out: those of the documents, which are compared themselves, are others with every run.
 */
function entriesOf(text: string): Record<string, string> {
  const { documents, ...head } = jsonMembers(text);
  if (!Array.isArray(documents)) return { [MANIFEST_PATH]: text };
  const entries = documents.map((entry: { readonly path?: unknown }) => [
    `${MANIFEST_PATH}: ${String(entry.path)}`,
    JSON.stringify({ ...entry, sha256: null }),
  ]);
  return { ...Object.fromEntries(entries), [MANIFEST_PATH]: JSON.stringify({ ...head, sha256: null }) };
}

/** A document without what is another with every run: instants of the run and ids that come from it. */
function withoutRuns(text: string): string {
  return text
    .replace(/"(?:generated_at|published_at|predicted_at|[a-z_]*_id|[a-z_]*hash|etag)":\s*"[^"]*",?/g, '')
    .replace(/\s+/g, '');
}
