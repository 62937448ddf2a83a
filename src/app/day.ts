import { type Slate, seasonOf, seasonSpan, slateOf } from '#core/calendar.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { count } from '#core/format.ts';
import { FIRST_INVENTED_PLAYER } from '#core/names.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { requireTrainable } from '#guard/quality/trend.ts';
import { requireCurrentTables } from '#guard/schema/old-tables.ts';
import { modelSource, seasonModelSource } from '#model/model-source.ts';
import type { ModelSource } from '#model/systems.ts';
import type { GiveWay } from '#model/train-config.ts';
import type { TrainDeps } from '#model/train-run.ts';
import { DEFAULT_RULES } from '#pipeline/batch/prediction-rows.ts';
import type { DayDeps } from '#pipeline/day.ts';
import type { DataSource } from '#pipeline/exports/document.ts';
import { type ExportDeps, rewriteExports } from '#pipeline/exports/export.ts';
import { outdatedSlates } from '#pipeline/generations.ts';
import { HISTORY_FROM } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { App } from './compose.ts';

/** Whether the box scores of a warehouse are of real players, of invented ones, or of both; recorded in every export. */
export async function readDataSource(warehouse: Warehouse): Promise<DataSource> {
  const [counts] = await warehouse.query<{ simulated: number; all_rows: number }>(
    `SELECT COALESCE(SUM(CASE WHEN player_id >= @invented THEN 1 ELSE 0 END), 0) AS simulated, COUNT(*) AS all_rows
     FROM nba_raw.player_box_scores WHERE slate >= CAST(@from AS DATE)`,
    { from: HISTORY_FROM, invented: FIRST_INVENTED_PLAYER },
  );
  if (counts === undefined || counts.simulated === 0) return 'real';
  return counts.simulated === counts.all_rows ? 'simulated' : 'mixed';
}

/** What long work does between its steps: reports the next step and yields to questions. */
export function givingWay({ rightOfWay, meanwhile }: Pick<App, 'rightOfWay' | 'meanwhile'>): GiveWay {
  return (next) => {
    if (next !== undefined) meanwhile(next);
    return rightOfWay.giveWay();
  };
}

/** What training and the registry need, from an open app. A contaminated history is refused. */
export function trainDeps(app: App): TrainDeps {
  return {
    warehouse: app.warehouse,
    objects: app.models,
    clock: app.clock,
    codeVersion: app.config.codeVersion,
    admit: (rows) => requireTrainable(app.warehouse, rows),
    giveWay: givingWay(app),
  };
}

/** What exports need, from an open app. */
export async function exportDeps({ warehouse, exports: objects, clock }: App): Promise<ExportDeps> {
  return { warehouse, objects, clock, dataSource: await readDataSource(warehouse) };
}

/** What a batch outside of a day needs: it finishes by writing the exports of its slate. */
export async function batchDeps(app: App, by: string): Promise<DayDeps> {
  const followVisible = async (slate: Slate): Promise<void> => {
    await rewriteExports(await exportDeps(app), [slate]);
  };
  return { ...(await dayDeps(app, by)), followVisible };
}

/**
 * The model of a day: the registered one, or one trained when none may serve. A slate of the past gets the model of its week, as
 * in a backfill: whichever verb predicts it, the forecast is the same.
 */
function dailyModels(app: App, by: string): ModelSource {
  const daily = modelSource(trainDeps(app), { trainWhenMissing: true, by });
  const past = new Map<Slate, ModelSource>();
  return {
    forSlate: async (slate) => {
      if (slate >= slateOf(app.clock.now())) return daily.forSlate(slate);
      const source = past.get(slate) ?? seasonModelSource(trainDeps(app), { from: slate, to: slate, by });
      past.set(slate, source);
      return source.forSlate(slate);
    },
  };
}

/** A line that names the slates with outdated features and the command that recomputes them; undefined when there are none. */
export async function outdatedLine({ warehouse, clock }: App): Promise<string | undefined> {
  const today = slateOf(clock.now());
  const { from } = seasonSpan(seasonOf(today));
  const found = await outdatedSlates(warehouse, { from, to: today }, clock.now());
  if (found === undefined) return undefined;
  const { slates, first_slate, last_slate } = found;
  return `Features of ${count(slates, 'slate')} (${first_slate} to ${last_slate}) are older than the history before them: \`tipoff backfill run --only-stale\`.`;
}

/**
 * What the phases of a day need, from an open app. Tables of an earlier version are refused before anything runs; in the cloud,
 * deployments guarantee current tables.
 */
export async function dayDeps(app: App, by: string, models?: ModelSource): Promise<DayDeps> {
  if (app.config.profile === 'embedded') await requireCurrentTables(app.warehouse, CONTRACTS);
  return {
    warehouse: app.warehouse,
    state: app.state,
    queue: app.queue,
    clock: app.clock,
    runId: app.runId,
    warn: app.warn,
    codeVersion: app.config.codeVersion,
    rules: { ...DEFAULT_RULES, ...omitUndefined({ maxPicks: app.config.maxPicks }) },
    models: models ?? dailyModels(app, by),
    exports: app.exports,
    sources: app.config.sources,
    dataSource: await readDataSource(app.warehouse),
  };
}
