import { switchOff } from './switched-off.ts';
import type { Judged } from './verdict.ts';

/** A request of the leading process: mutants of one mutation, and every guard that is off. */
export interface Request {
  readonly ids: readonly string[];
  readonly without: readonly string[];
}
export type Answer = readonly Judged[] | 'ready';

// A process of its own that judges the mutants it is handed, one request after the other. Usage: the guards that are switched off in
// the sources, as arguments: before anything of Tipoff is loaded.
switchOff(process.argv.slice(2));
const [{ mutants }, { judge }, { preparedWorld }] = await Promise.all([
  import('./mutants.ts'),
  import('./verdict.ts'),
  import('./prepared.ts'),
]);
const folder = await preparedWorld();
const all = new Map(mutants().map((mutant) => [mutant.id, mutant]));
process.on('message', ({ ids, without }: Request) => {
  const asked = ids.flatMap((id) => all.get(id) ?? []);
  void judge(folder, asked, without).then((judged) => process.send?.(judged satisfies Answer));
});
process.send?.('ready' satisfies Answer);
