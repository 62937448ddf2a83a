import type { CanaryDeps } from '#guard/canaries/engine.ts';
import type { StateStore } from '#platform/state/port.ts';

/** A healthy simulated world that a drill may break, if it restores it. Nobody else uses it. */
export interface DrillWorld extends CanaryDeps {
  /** The evening the world ends on: everything of the day is due. */
  readonly asOf: Date;
  /** An empty state store, for what must not leave a trace; the world closes it. */
  scratch(): StateStore;
}

/** What people would be told of a scene. */
export interface Outcome {
  /** The causes by name: checks whose failure nothing else explains, or the code of a refusal. */
  readonly told: readonly string[];
  /** In words. */
  readonly said: string;
}

/** Something that happens in the world, and what the guards say to it. */
export interface Scene {
  /** What happens, in a clause. */
  readonly what: string;
  play(world: DrillWorld): Promise<Outcome>;
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
