import type { ByteBudget, RunDeps } from '#guard/backfill/execute.ts';
import { seasonModelSource } from '#model/model-source.ts';
import { FUNCTIONS } from '#platform/warehouse/functions.ts';
import type { App } from './compose.ts';
import { dayDeps, trainDeps } from './day.ts';

/** What a backfill needs, from an open app. Predictions of a week come from the model of its Monday. */
export async function backfillDeps(app: App, by: string): Promise<RunDeps> {
  const { models: _daily, ...deps } = await dayDeps(app, by);
  return {
    ...deps,
    ...budgetOf(app),
    functionLibrary: JSON.stringify(FUNCTIONS),
    models: (from, to) => seasonModelSource(trainDeps(app), { from, to, by }),
  };
}

/** The configured byte budget, where reading is billed and the engine can estimate what a statement reads. */
function budgetOf({ config, warehouse }: App): { readonly budget?: ByteBudget } {
  const { dryRun } = warehouse;
  if (config.profile !== 'gcp' || dryRun === undefined) return {};
  const estimate: ByteBudget['estimate'] = async (sql, params) => (await dryRun(sql, params)).bytes;
  return { budget: { bytes: config.gcp.backfillBytes, estimate } };
}
