import { slateOf } from '#core/calendar.ts';
import { isFailing } from '#core/check.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { readCalendar } from '#guard/canaries/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { Canary, Sabotage } from '#guard/canaries/definition.ts';
import { applySabotage } from '#guard/canaries/prove.ts';
import { type CanaryDeps, runCanaries } from '#guard/canaries/run.ts';
import { causesOf } from '#guard/incidents/update.ts';
import { systemClock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

/** A healthy simulated league that a drill may break, if it restores it. Nobody else uses it. */
export interface DrillContext extends CanaryDeps {
  /** The last evening of the league: everything of the day is due. */
  readonly asOf: Date;
  /** An empty state store, for scenes that must leave no trace; the creator of the context closes it. */
  scratch(): StateStore;
}

/** What people would be alerted to in a scene. */
export interface DrillOutcome {
  /** The causes by name: checks whose failure nothing else explains, or the code of a refusal. */
  readonly alerted: readonly string[];
  /** The text of the alert. */
  readonly said: string;
}

/** An event, and the alerts it must cause. */
export interface Scene {
  /** What happens, in a clause. */
  readonly what: string;
  play(context: DrillContext): Promise<DrillOutcome>;
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
  /** The required alert: a check, or the code of a refusal. */
  readonly guard: string;
  /** Further permitted alerts, for failures in their own right. */
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

/** Runs the whole catalogue on the league as it is: the failures that nothing else explains. */
export async function askAll(
  context: DrillContext,
  asOf = context.asOf,
  more: readonly Canary[] = [],
  catalogue: readonly Canary[] = CATALOGUE,
): Promise<DrillOutcome> {
  const { results } = await runCanaries(context, { canaries: [...catalogue, ...more], asOf, store: false });
  const causes = causesOf(results);
  const roots = results.filter((result) => isFailing(result) && !causes.has(result.check));
  const said = roots
    .map(({ check, status, reason }) => `${check} ${status.toUpperCase()}: ${reason}`)
    .join('; ');
  const hidden = causes.size === 0 ? '' : ` (explains ${[...causes.keys()].join(', ')})`;
  return {
    alerted: roots.map(({ check }) => check),
    said: said === '' ? 'nothing fails' : `${said}${hidden}`,
  };
}

/** The checks to run on data edited to look as an incident left it: all but those that detect edited data. */
const UNSTAGED = CATALOGUE.filter(({ id }) => id !== 'rows_as_written' && id !== 'rows_as_audited');

/** A scene of the whole catalogue: the data is changed, every check runs at an instant of the day, and the change is undone. */
export function changed(
  what: string,
  sabotage: Sabotage,
  at: (context: DrillContext) => Date = ({ asOf }) => asOf,
): Scene {
  return {
    what,
    play: async (context) => {
      const asOf = at(context);
      const slate = slateOf(asOf);
      const moment = { asOf, slate, calendar: await readCalendar(context.warehouse, slate) };
      const undo = await applySabotage({ id: what, sabotage }, context, moment);
      try {
        return await askAll(context, asOf, [], UNSTAGED);
      } finally {
        await undo();
      }
    },
  };
}

/** A scene that differs from a healthy one only in its time: nothing is changed. */
export function unchanged(what: string): Scene {
  return { what, play: (context) => askAll(context) };
}

/** A scene that may end in a refusal. Any other error is not caught. */
export function refused(what: string, act: (context: DrillContext) => Promise<string>): Scene {
  return {
    what,
    play: async (context) => {
      try {
        return { alerted: [], said: await act(context) };
      } catch (error) {
        if (!(error instanceof TipoffError)) throw error;
        return { alerted: [error.code], said: error.message };
      }
    },
  };
}

/** SQL: inserts rows of a table again, with some columns changed. */
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
 * Plays incidents and their twins. A drill passes when the required alert occurs, no other than permitted ones does, and the twin
 * is silent; for a false alarm it is the other way round. A scene that throws fails its drill.
 */
export async function runDrills(
  context: DrillContext,
  drills: readonly Drill[],
  onResult: (result: DrillResult) => void = () => undefined,
): Promise<DrillReport> {
  const timer = context.timer ?? systemClock;
  const results: DrillResult[] = [];
  for (const drill of drills) {
    const from = timer.now().getTime();
    const [replay, twin] = [await play(drill.replay, context), await play(drill.twin, context)];
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

async function play(scene: Scene, context: DrillContext): Promise<DrillOutcome> {
  try {
    return await scene.play(context);
  } catch (error) {
    return { alerted: [THREW], said: messageOf(error) };
  }
}

function whyWrong({ guard, beside = [] }: Drill, loud: DrillOutcome, quiet: DrillOutcome): string | null {
  if (!loud.alerted.includes(guard))
    return `expected ${guard}, got ${loud.alerted.join(', ') || 'nothing'}: ${loud.said}`;
  const more = loud.alerted.filter((name) => name !== guard && !beside.includes(name));
  if (more.length > 0) return `expected ${guard} alone, also got ${more.join(', ')}: ${loud.said}`;
  return quiet.alerted.length === 0
    ? null
    : `expected silence, got ${quiet.alerted.join(', ')}: ${quiet.said}`;
}
