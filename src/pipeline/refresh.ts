import { addDays, IS_COUNTED_TYPE, parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import { statement } from '#core/statement.ts';
import { teamMinutesSql, teamRowsSql } from '#pipeline/analytics/game-summaries.ts';
import { buildPlayerReference, scheduleReference } from '#pipeline/analytics/reference.ts';
import { ALTERED_SUMMARIES } from './generations.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS, SUMMARY_PROCESSORS, waitsFor } from './graph.ts';
import { blocking, type NotReady, notReady } from './precompute/readiness.ts';
import {
  HISTORY_FROM,
  holdProcessor,
  NO_AS_OF,
  outputOf,
  type PhaseDeps,
  type ProcessorResult,
  runProcessor,
  type SlateRange,
  tablesOf,
  withReceipts,
} from './processor.ts';

/** Attempts after the first, and the wait before the first of them; the n-th waits n times as long: 60, 120, 180 s. */
export interface Waiting {
  readonly dependency_retries: number;
  readonly dependency_retry_base_seconds: number;
}

export const DAILY_WAITING: Waiting = { dependency_retries: 3, dependency_retry_base_seconds: 60 };
/** A backfill skips the waiting, never the checks. */
export const NO_WAITING: Waiting = { dependency_retries: 0, dependency_retry_base_seconds: 60 };

export interface RefreshResult {
  readonly processors: readonly ProcessorResult[];
  /** Inputs that were still not ready when the waiting ended. */
  readonly notReady: readonly NotReady[];
  readonly from: Slate;
  readonly to: Slate;
}

/**
 * Slates whose summaries, of players or of teams, are not those of their box scores: a line came, was corrected or was taken back
 * since, or a summary was altered after it was written.
 */
export const STALE_SUMMARIES = statement({
  owner: 'pipeline/refresh',
  sql: `
WITH newest AS (
  SELECT player_id, game_id, slate, row_id FROM nba_raw.player_box_scores
  WHERE slate >= CAST(@history_from AS DATE) AND ${IS_COUNTED_TYPE}
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY player_id, game_id
    ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id
  ) = 1
),
summarised AS (
  SELECT player_id, game_id, slate, raw_row_id FROM nba_analytics.player_game_summary WHERE slate >= CAST(@history_from AS DATE)
),
team_rows AS (${teamRowsSql('slate >= CAST(@history_from AS DATE)')}
),
teams AS (
  SELECT team_abbr, game_id, slate, points, minutes, fga, fta, oreb, tov, source FROM nba_analytics.team_game_summary WHERE slate >= CAST(@history_from AS DATE)
)
SELECT MIN(slate) AS first_slate, MAX(slate) AS last_slate
FROM (
  SELECT n.slate FROM newest n LEFT JOIN summarised s ON s.player_id = n.player_id AND s.game_id = n.game_id
  WHERE s.player_id IS NULL OR s.raw_row_id <> n.row_id
  UNION ALL
  SELECT s.slate FROM summarised s LEFT JOIN newest n ON n.player_id = s.player_id AND n.game_id = s.game_id AND n.slate = s.slate
  WHERE n.player_id IS NULL
  UNION ALL
  SELECT s.slate FROM teams s LEFT JOIN team_rows t ON t.team_abbr = s.team_abbr AND t.game_id = s.game_id
  WHERE (s.source = 'team_box_score') <> (t.game_id IS NOT NULL)
    OR s.points <> t.points OR s.fga <> t.fga OR s.fta <> t.fta OR s.oreb <> t.oreb OR s.tov <> t.tov OR ABS(s.minutes - (${teamMinutesSql('t.minutes')})) > 0.001
  UNION ALL
  SELECT slate FROM (${ALTERED_SUMMARIES}) AS summaries WHERE is_bad
) AS differing`,
});

const MISSING = `
SELECT DISTINCT s.slate
FROM nba_reference.counted_games s
WHERE s.slate <= CAST(@to AS DATE)
  AND s.slate >= (SELECT MIN(p.slate) FROM nba_analytics.player_game_summary p WHERE p.slate >= CAST(@history_from AS DATE))
  AND NOT EXISTS (SELECT 1 FROM nba_precompute.team_defense_zone_analysis t WHERE t.slate = s.slate AND t.team_abbr = s.home_abbr)
ORDER BY s.slate`;

/** Every slate: the schedule is computed as a whole. */
const WHOLE: SlateRange = { from: parseSlate(HISTORY_FROM), to: parseSlate('9999-12-31'), asOf: NO_AS_OF };

/** The first slate up to `to` without features although its inputs are present or were never checked. */
async function firstMissing(deps: PhaseDeps, to: Slate): Promise<Slate | undefined> {
  const missing = await deps.warehouse.query<{ slate: Slate }>(MISSING, { to, history_from: HISTORY_FROM });
  const [first] = missing;
  // A slate is refreshed whether it is held or not: only earlier ones need to be asked about.
  if (first === undefined || first.slate === to) return first?.slate;
  const held = new Set(
    (await notReady(deps.warehouse, first.slate, to))
      .filter(({ check }) => check === 'results')
      .map(({ subject }) => subject),
  );
  return missing.find(({ slate }) => !held.has(slate))?.slate;
}

interface SlateSpan {
  readonly from: Slate;
  readonly to: Slate;
}

/**
 * The range of slates whose summaries must be recomputed: box scores are newer, or last night's summaries were altered after they
 * were written. Undefined when all are up to date.
 */
export async function outdatedSummaries(
  warehouse: PhaseDeps['warehouse'],
  today: Slate,
): Promise<SlateSpan | undefined> {
  const [stale] = await warehouse.query<{ first_slate: Slate | null; last_slate: Slate | null }>(
    STALE_SUMMARIES.sql,
    {
      history_from: HISTORY_FROM,
      slate: today,
    },
  );
  if (stale?.first_slate == null || stale.last_slate === null) return undefined;
  return { from: stale.first_slate, to: stale.last_slate };
}

/** Brings schedule, players and game summaries up to date with the raw tables. Returns what ran and the first slate whose results changed. */
export async function refreshSummaries(
  deps: PhaseDeps,
): Promise<{ processors: ProcessorResult[]; changedFrom: Slate | undefined }> {
  const processors = [await runProcessor(deps, scheduleReference, WHOLE)];
  await buildPlayerReference(deps.warehouse);
  const stale = await outdatedSummaries(deps.warehouse, slateOf(deps.clock.now()));
  if (stale === undefined) return { processors, changedFrom: undefined };
  const range = { ...stale, asOf: NO_AS_OF };
  for (const processor of SUMMARY_PROCESSORS) processors.push(await runProcessor(deps, processor, range));
  return { processors, changedFrom: stale.from };
}

/** Brings schedule, statuses and lines of a slate that is still to be played up to date, without its features. */
export async function refreshContexts(deps: PhaseDeps, slate: Slate): Promise<void> {
  await withReceipts(deps, async (collecting) => {
    await runProcessor(collecting, scheduleReference, WHOLE);
    const tonight = { from: slate, to: slate, asOf: deps.clock.now().toISOString() };
    for (const processor of CONTEXT_PROCESSORS) await runProcessor(collecting, processor, tonight);
  });
}

/** Computes contexts and features for a range. Held slates keep their rows, and processors that read a held table are held too. */
async function computeRange(
  deps: PhaseDeps,
  range: SlateRange,
): Promise<{ processors: ProcessorResult[]; notReady: NotReady[] }> {
  const processors: ProcessorResult[] = [];
  for (const processor of CONTEXT_PROCESSORS) processors.push(await runProcessor(deps, processor, range));
  const problems = await notReady(deps.warehouse, range.from, range.to);
  const heldBy = new Map<string, ReadonlyMap<Slate, string>>();
  for (const processor of PRECOMPUTE_PROCESSORS) {
    const above = tablesOf(processor.inputs).flatMap((table) => [...(heldBy.get(table) ?? [])]);
    const own = blocking(waitsFor(processor), problems).map(
      ({ subject, reason }) => [subject, reason] as const,
    );
    const held = new Map([...above, ...own]);
    heldBy.set(outputOf(processor), held);
    const reason = range.from === range.to ? held.get(range.from) : undefined;
    if (reason !== undefined) processors.push(await holdProcessor(deps, processor, range, reason));
    else processors.push(await runProcessor(deps, processor, range, [...held.keys()]));
  }
  return { processors, notReady: problems };
}

/**
 * Brings everything a slate needs up to date: schedule, summaries of finished games, then contexts and features of the slate and
 * of every earlier slate that lacks them or whose history changed. Nothing from after the cut-off is used: for an upcoming slate
 * the present, for a past one its tip-offs.
 *
 * When an input is not ready, the whole refresh is repeated after 60, 120 and 180 s; an input still missing then holds the chain,
 * with the reason, and is not an error.
 */
export async function refresh(deps: PhaseDeps, slate: Slate, waiting: Waiting): Promise<RefreshResult> {
  return withReceipts(deps, (collecting) => refreshOnce(collecting, slate, waiting));
}

async function refreshOnce(deps: PhaseDeps, slate: Slate, waiting: Waiting): Promise<RefreshResult> {
  const processors: ProcessorResult[] = [];
  for (let attempt = 0; ; attempt++) {
    const summaries = await refreshSummaries(deps);
    const from = earliest(slate, await firstMissing(deps, slate), summaries.changedFrom);
    processors.push(...summaries.processors);
    if (from < slate)
      processors.push(
        ...(await computeRange(deps, { from, to: addDays(slate, -1), asOf: NO_AS_OF })).processors,
      );
    const tonight = await computeRange(deps, {
      from: slate,
      to: slate,
      asOf: deps.clock.now().toISOString(),
    });
    processors.push(...tonight.processors);
    if (tonight.notReady.length === 0 || attempt >= waiting.dependency_retries) {
      return { processors, notReady: tonight.notReady, from, to: slate };
    }
    await deps.clock.sleep((attempt + 1) * waiting.dependency_retry_base_seconds * 1000);
  }
}

function earliest(slate: Slate, ...others: readonly (Slate | undefined)[]): Slate {
  return others.reduce<Slate>(
    (least, other) => (other !== undefined && other < least ? other : least),
    slate,
  );
}
