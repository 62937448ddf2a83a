import { slateOf } from '#core/calendar.ts';
import { isFailing } from '#core/check.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { readCalendar } from '#guard/canaries/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { Canary, Sabotage } from '#guard/canaries/definition.ts';
import { breakWorld } from '#guard/canaries/prove.ts';
import { type CanaryDeps, runCanaries } from '#guard/canaries/run.ts';
import { causesOf } from '#guard/incidents/update.ts';
import { systemClock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

/** A healthy simulated world that a drill may break, if it restores it. Nobody else uses it. */
export interface DrillWorld extends CanaryDeps {
  /** The evening the world ends on: everything of the day is due. */
  readonly asOf: Date;
  /** An empty state store, for what must not leave a trace; the world closes it. */
  scratch(): StateStore;
}

/** What people would be told of a scene. */
export interface DrillOutcome {
  /** The causes by name: checks whose failure nothing else explains, or the code of a refusal. */
  readonly told: readonly string[];
  /** In words. */
  readonly said: string;
}

/** Something that happens in the world, and what the guards say to it. */
export interface Scene {
  /** What happens, in a clause. */
  readonly what: string;
  play(world: DrillWorld): Promise<DrillOutcome>;
}

/** One incident of the predecessor that can be played again, and the healthy twin that looks like it. */
export interface Drill {
  /** Lower case with hyphens. */
  readonly id: string;
  /** Number in the record of incidents, and when it was. */
  readonly incident: string;
  readonly date: string;
  /** What happened then. */
  readonly happened: string;
  /** What must be said now: a check, or the code of a refusal. */
  readonly guard: string;
  /** What may be said besides, because it is a failure of its own. */
  readonly beside?: readonly string[];
  /** The incident was a false alarm: its replay must be silent, and its twin must be caught. */
  readonly isNoise?: boolean;
  readonly replay: Scene;
  readonly twin: Scene;
}

/** Declares a drill. */
export function defineDrill(drill: Drill): Drill {
  return drill;
}

/** What the whole catalogue says of the world as it stands: the failures that nothing else explains. */
export async function askAll(
  world: DrillWorld,
  asOf = world.asOf,
  more: readonly Canary[] = [],
): Promise<DrillOutcome> {
  const { results } = await runCanaries(world, { canaries: [...CATALOGUE, ...more], asOf, store: false });
  const causes = causesOf(results);
  const roots = results.filter((result) => isFailing(result) && !causes.has(result.check));
  const said = roots
    .map(({ check, status, reason }) => `${check} ${status.toUpperCase()}: ${reason}`)
    .join('; ');
  const hidden = causes.size === 0 ? '' : ` (explains ${[...causes.keys()].join(', ')})`;
  return {
    told: roots.map(({ check }) => check),
    said: said === '' ? 'nothing fails' : `${said}${hidden}`,
  };
}

/** A scene of the whole catalogue: the world is changed, all is asked at an instant of the day, and the change is undone. */
export function changed(
  what: string,
  sabotage: Sabotage,
  at: (world: DrillWorld) => Date = ({ asOf }) => asOf,
): Scene {
  return {
    what,
    play: async (world) => {
      const asOf = at(world);
      const slate = slateOf(asOf);
      const moment = { asOf, slate, calendar: await readCalendar(world.warehouse, slate) };
      const undo = await breakWorld({ id: what, sabotage }, world, moment);
      try {
        return await askAll(world, asOf);
      } finally {
        await undo();
      }
    },
  };
}

/** A scene that only the time tells from health: nothing is changed. */
export function unchanged(what: string): Scene {
  return { what, play: (world) => askAll(world) };
}

/** A scene that ends in a refusal, or does not. What else it throws is not caught. */
export function refused(what: string, act: (world: DrillWorld) => Promise<string>): Scene {
  return {
    what,
    play: async (world) => {
      try {
        return { told: [], said: await act(world) };
      } catch (error) {
        if (!(error instanceof TipoffError)) throw error;
        return { told: [error.code], said: error.message };
      }
    },
  };
}

/** SQL: rows of a table inserted once more, with some columns changed. */
export function again(
  table: TableContract,
  changes: Readonly<Record<string, string>>,
  where: string,
): string {
  const names = columnNames(table);
  const values = names.map((name) => changes[name] ?? name);
  return `INSERT INTO ${tableId(table)} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${tableId(table)} WHERE ${where}`;
}

export interface DrillResult {
  readonly drill_id: string;
  readonly incident: string;
  readonly guard: string;
  readonly passed: boolean;
  /** What was said to the incident, and to its twin. */
  readonly replay: DrillOutcome;
  readonly twin: DrillOutcome;
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
    const result = {
      drill_id: id,
      incident,
      guard,
      passed: wrong === null,
      replay,
      twin,
      wrong,
      ms: timer.now().getTime() - from,
    };
    results.push(result);
    onResult(result);
  }
  return { results, passed: results.filter(({ passed }) => passed).length };
}

const THREW = 'the scene could not be played';

async function play(scene: Scene, world: DrillWorld): Promise<DrillOutcome> {
  try {
    return await scene.play(world);
  } catch (error) {
    return { told: [THREW], said: messageOf(error) };
  }
}

function whyWrong({ guard, beside = [] }: Drill, loud: DrillOutcome, quiet: DrillOutcome): string | null {
  if (!loud.told.includes(guard))
    return `expected ${guard}, was told of ${loud.told.join(', ') || 'nothing'}: ${loud.said}`;
  const more = loud.told.filter((name) => name !== guard && !beside.includes(name));
  if (more.length > 0) return `expected ${guard} alone, was also told of ${more.join(', ')}: ${loud.said}`;
  return quiet.told.length === 0
    ? null
    : `expected silence, was told of ${quiet.told.join(', ')}: ${quiet.said}`;
}
