import { absorb } from './absorb.ts';
import { causesOf } from './causes.ts';
import type { IncidentDoc } from './document.ts';
import type { CheckRun } from './input.ts';
import { type Settled, settle } from './settle.ts';

export interface Reduced extends Settled {
  /** Incidents that a new one of the same check replaced. */
  readonly replaced: readonly IncidentDoc[];
}

/**
 * The incidents after some runs. Pure: the same incidents and runs give the same answer, and a run that was taken in
 * before changes nothing. Runs count in the order of their instants, those of one instant by slate.
 */
export function reduceRuns(before: ReadonlyMap<string, IncidentDoc>, runs: readonly CheckRun[]): Reduced {
  let heads = before;
  const replaced: IncidentDoc[] = [];
  const replies: Settled['replies'][number][] = [];
  const instants = Map.groupBy(runs, ({ as_of }) => as_of.toISOString());
  for (const [at, together] of [...instants].sort(([a], [b]) => a.localeCompare(b))) {
    const seen = new Map(heads);
    for (const run of together.toSorted((a, b) => a.slate.localeCompare(b.slate))) {
      const causes = causesOf(run.results);
      for (const result of run.results) {
        const head = seen.get(result.canary_id);
        const sighting = { run: `${run.run_id}:${run.slate}`, at, cause: causes.get(result.canary_id) ?? null };
        const next = absorb(head, result, sighting);
        if (next === undefined) continue;
        if (head !== undefined && next.incident_id !== head.incident_id) replaced.push(head);
        seen.set(result.canary_id, next);
      }
    }
    const settled = settle(heads, seen, at);
    heads = settled.heads;
    replies.push(...settled.replies);
  }
  return { heads, replies, replaced };
}
