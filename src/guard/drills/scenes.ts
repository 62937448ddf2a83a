import { slateOf } from '#core/calendar.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { readCalendar } from '#guard/canaries/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalog/index.ts';
import type { Canary, Sabotage } from '#guard/canaries/definition.ts';
import { runCanaries } from '#guard/canaries/engine.ts';
import { breakWorld } from '#guard/canaries/sabotage.ts';
import { causesOf } from '#guard/incidents/causes.ts';
import { isFailing } from '#guard/incidents/input.ts';
import type { DrillWorld, Outcome, Scene } from './drill.ts';

/** What the whole catalogue says of the world as it stands: the failures that nothing else explains. */
export async function askAll(world: DrillWorld, asOf = world.asOf, more: readonly Canary[] = []): Promise<Outcome> {
  const { results } = await runCanaries(world, { canaries: [...CATALOGUE, ...more], asOf, store: false });
  const causes = causesOf(results);
  const roots = results.filter((result) => isFailing(result) && !causes.has(result.canary_id));
  const said = roots.map(({ canary_id, status, reason }) => `${canary_id} ${status}: ${reason}`).join('; ');
  const hidden = causes.size === 0 ? '' : ` (explains ${[...causes.keys()].join(', ')})`;
  return { told: roots.map(({ canary_id }) => canary_id), said: said === '' ? 'nothing fails' : `${said}${hidden}` };
}

/** A scene of the whole catalogue: the world is changed, all is asked at an instant of the day, and the change is undone. */
export function changed(what: string, sabotage: Sabotage, at: (world: DrillWorld) => Date = ({ asOf }) => asOf): Scene {
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
export function again(table: TableContract, changes: Readonly<Record<string, string>>, where: string): string {
  const names = columnNames(table);
  const values = names.map((name) => changes[name] ?? name);
  return `INSERT INTO ${tableId(table)} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${tableId(table)} WHERE ${where}`;
}
