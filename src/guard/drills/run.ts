import { messageOf } from '#core/errors.ts';
import { systemClock } from '#platform/clock.ts';
import type { Drill, DrillWorld, Outcome, Scene } from './drill.ts';

export interface DrillResult {
  readonly drill_id: string;
  readonly incident: string;
  readonly guard: string;
  readonly passed: boolean;
  /** What was said to the incident, and to its twin. */
  readonly replay: Outcome;
  readonly twin: Outcome;
  /** Why it did not pass; null when it did. */
  readonly wrong: string | null;
  readonly ms: number;
}

export interface DrillReport {
  readonly results: readonly DrillResult[];
  readonly passed: number;
}

/**
 * Plays incidents and their twins. A drill passes when its guard is named, nothing else is beyond what it allows, and the
 * twin is silent; of a false alarm the other way round. A scene that throws is a drill that did not pass.
 */
export async function runDrills(
  world: DrillWorld,
  drills: readonly Drill[],
  onResult: (result: DrillResult) => void = () => undefined,
): Promise<DrillReport> {
  const timer = world.timer ?? systemClock;
  const results: DrillResult[] = [];
  for (const drill of drills) {
    const from = timer.now().getTime();
    const [replay, twin] = [await play(drill.replay, world), await play(drill.twin, world)];
    const [loud, quiet] = drill.isNoise === true ? [twin, replay] : [replay, twin];
    const wrong = whyWrong(drill, loud, quiet);
    const { id, incident, guard } = drill;
    const result = { drill_id: id, incident, guard, passed: wrong === null, replay, twin, wrong, ms: timer.now().getTime() - from };
    results.push(result);
    onResult(result);
  }
  return { results, passed: results.filter(({ passed }) => passed).length };
}

const THREW = 'the scene could not be played';

async function play(scene: Scene, world: DrillWorld): Promise<Outcome> {
  try {
    return await scene.play(world);
  } catch (error) {
    return { told: [THREW], said: messageOf(error) };
  }
}

function whyWrong({ guard, beside = [] }: Drill, loud: Outcome, quiet: Outcome): string | null {
  if (!loud.told.includes(guard)) return `expected ${guard}, was told of ${loud.told.join(', ') || 'nothing'}: ${loud.said}`;
  const more = loud.told.filter((name) => name !== guard && !beside.includes(name));
  if (more.length > 0) return `expected ${guard} alone, was also told of ${more.join(', ')}: ${loud.said}`;
  return quiet.told.length === 0 ? null : `expected silence, was told of ${quiet.told.join(', ')}: ${quiet.said}`;
}
