import { requireTrainable } from '#guard/quality/training-gate.ts';
import { modelSource } from '#model/model-source.ts';
import type { ModelSource } from '#model/serving.ts';
import type { TrainDeps } from '#model/train-run.ts';
import type { DayDeps } from '#pipeline/day.ts';
import type { App } from './compose.ts';
import { readDataSource } from './data-source.ts';

/** What training and the registry need, from an open app. A contaminated history is refused. */
export function trainDeps(app: App): TrainDeps {
  return {
    warehouse: app.warehouse,
    objects: app.models,
    clock: app.clock,
    codeVersion: app.config.codeVersion,
    admit: (rows) => requireTrainable(app.warehouse, rows),
  };
}

/** What the phases of a day need, from an open app. The model is the registered one, or is trained when none may serve. */
export async function dayDeps(app: App, by: string, models?: ModelSource): Promise<DayDeps> {
  return {
    warehouse: app.warehouse,
    state: app.state,
    queue: app.queue,
    clock: app.clock,
    runId: app.runId,
    codeVersion: app.config.codeVersion,
    models: models ?? modelSource(trainDeps(app), { trainWhenMissing: true, by }),
    exports: app.exports,
    dataSource: await readDataSource(app.warehouse),
  };
}
