import { type Drill, type DrillReport, type DrillResult, runDrills } from '#guard/drills/drill.ts';
import type { StateStore } from '#platform/state/port.ts';
import { canaryDeps } from './canaries.ts';
import type { Config } from './config.ts';
import { inHealthyHome } from './healthy-home.ts';
import { HEALTHY_AS_OF } from './healthy-league.ts';

/** Runs drills in a temporary home with a simulated league. The caller's data is not opened. */
export async function playDrills(
  config: Config,
  drills: readonly Drill[],
  {
    say,
    onResult,
  }: { readonly say: (line: string) => void; readonly onResult?: (result: DrillResult) => void },
): Promise<DrillReport> {
  const { openSqliteState } = await import('#platform/state/sqlite.ts');
  return inHealthyHome(config, { command: 'drill run', say }, async (app) => {
    const scratches: StateStore[] = [];
    const scratch = (): StateStore => {
      const state = openSqliteState(':memory:', { clock: app.clock });
      scratches.push(state);
      return state;
    };
    try {
      return await runDrills({ ...canaryDeps(app), asOf: HEALTHY_AS_OF, scratch }, drills, onResult);
    } finally {
      for (const state of scratches) await state.close();
    }
  });
}
