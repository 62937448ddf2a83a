import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Parts } from './parts.ts';
import type { BackfillPhase } from './steps.ts';

/** How many slates one statement covers: those of a season, or of a calendar month. */
export type ChunkSize = 'season' | 'month';

/** The request of a backfill. */
export interface PlanRequest {
  /** First and last slate, both included. */
  readonly from: Slate;
  readonly to: Slate;
  readonly phases: readonly BackfillPhase[];
  /** The present instant: slates after today's are left alone, today's is unfinished. */
  readonly now: Date;
  /** Only what failed last time, and what depends on it. */
  readonly onlyFailed?: boolean;
  /** Only what was computed once and is no longer up to date, and what depends on it. */
  readonly onlyStale?: boolean;
  /** Everything in the range, whatever the ledger says. */
  readonly force?: boolean;
  /** Id of this run. Slates it computed before an interruption are not forced a second time. */
  readonly runId?: string;
  /** Slates per statement: those of a season (default) or of a month. */
  readonly chunk?: ChunkSize;
}

const UNITS = 'backfill_units';
const RUNS = 'backfill_runs';

/** What the ledger knows of one slate of a unit. */
export interface SlateRecord {
  /** The inputs it was computed from. */
  readonly parts: Parts;
  readonly rows: number;
  /** Why it was not computed (an input is not ready). Reconsidered when an input changes. */
  readonly held?: string;
  /** The run that computed it. */
  readonly run_id?: string;
}

/** A unit: one step over the slates of one calendar month. Its slates become valid together with the statement that wrote them. */
export interface UnitDoc {
  readonly step: string;
  readonly phase: BackfillPhase;
  /** Calendar month, as 2024-11. */
  readonly month: string;
  readonly code_hash: string;
  readonly contract_hash: string;
  readonly slates: Readonly<Record<string, SlateRecord>>;
  /** Slates that failed last time, by reason; they are tried again. */
  readonly failed: Readonly<Record<string, string>>;
  /** Seconds and slates of the last run that computed any, without the time to start chunks. */
  readonly seconds: number;
  readonly measured_slates: number;
  /** Workload of those slates (see `eta.ts`); absent in units recorded before it was measured. */
  readonly workload?: number;
  readonly attempts: number;
  readonly run_id: string;
  readonly updated_at: string;
}

/** A run, for `resume` and `status`. */
export interface RunDoc {
  readonly run_id: string;
  readonly from: Slate;
  readonly to: Slate;
  readonly phases: readonly BackfillPhase[];
  /** The other options of its request. */
  readonly asked: Pick<PlanRequest, 'onlyFailed' | 'onlyStale' | 'force' | 'chunk'>;
  readonly by: string;
  readonly state: 'running' | 'finished' | 'stopped';
  readonly planned_units: number;
  /** Executed units; some of them may be held. */
  readonly done_units: number;
  readonly failed_units: number;
  /** Absent in older records. */
  readonly held_units?: number;
  readonly estimated_seconds: number;
  readonly started_at: string;
  readonly updated_at: string;
  readonly finished_at: string | null;
  /** Why it stopped early; null when it did not. */
  readonly reason: string | null;
}

/** Progress of a run as shown to people. */
export interface RunProgress {
  /** A run with held or failed units has `ended`, not `finished`. */
  readonly state: RunDoc['state'] | 'ended';
  /** Units done; held ones were executed but are not done. */
  readonly done: number;
  readonly held: number;
}

/** The progress of a run from its record. */
export function progressOf({ state, done_units, failed_units, held_units: held = 0 }: RunDoc): RunProgress {
  return {
    state: state === 'finished' && failed_units + held > 0 ? 'ended' : state,
    done: done_units - held,
    held,
  };
}

/** Calendar month of a slate, as YYYY-MM. */
export function monthOf(slate: Slate): string {
  return slate.slice(0, 7);
}

/** Key of a unit in the ledger. */
export function unitKey(step: string, month: string): string {
  return `${step}|${month}`;
}

/** All units by key. */
export async function readUnits(state: StateStore): Promise<ReadonlyMap<string, UnitDoc>> {
  const docs = await state.list<UnitDoc>(UNITS);
  return new Map(docs.map(({ id, data }) => [id, data]));
}

/** The outcomes of some slates of one step. */
export interface Entry {
  readonly step: Pick<UnitDoc, 'step' | 'phase' | 'code_hash' | 'contract_hash'>;
  readonly slates: ReadonlyMap<Slate, SlateRecord | { readonly failed: string }>;
  readonly seconds: number;
  readonly workload: number;
  readonly runId: string;
  readonly at: string;
}

/**
 * Enters slates into the units of their months, in one transaction. After a crash either the whole statement
 * counts as done or none of it; in the second case writing its rows again is harmless.
 */
export async function enterSlates(state: StateStore, entry: Entry): Promise<void> {
  const months = Map.groupBy(entry.slates, ([slate]) => monthOf(slate));
  const total = entry.slates.size;
  await state.transaction(async (tx) => {
    const keys = [...months.keys()].map((month) => [month, unitKey(entry.step.step, month)] as const);
    const known = new Map<string, UnitDoc>();
    for (const [month, key] of keys) {
      const doc = await tx.get<UnitDoc>(UNITS, key);
      if (doc !== undefined) known.set(month, doc.data);
    }
    for (const [month, key] of keys) {
      const before = known.get(month);
      const slates: Record<string, SlateRecord> = { ...before?.slates };
      const failed: Record<string, string> = { ...before?.failed };
      const entries = months.get(month) ?? [];
      for (const [slate, record] of entries) {
        delete failed[slate];
        if ('failed' in record) failed[slate] = record.failed;
        else slates[slate] = { ...record, run_id: entry.runId };
      }
      const share = entries.length / Math.max(1, total);
      // Slates entered one by one add up within a run.
      const sum = before?.run_id === entry.runId ? before : undefined;
      const unit: UnitDoc = {
        ...entry.step,
        month,
        slates,
        failed,
        seconds: (sum?.seconds ?? 0) + entry.seconds * share,
        measured_slates: (sum?.measured_slates ?? 0) + entries.length,
        workload: (sum?.workload ?? 0) + entry.workload * share,
        attempts: (before?.attempts ?? 0) + 1,
        run_id: entry.runId,
        updated_at: entry.at,
      };
      tx.put(UNITS, key, unit);
    }
  });
}

/** A run by its id; undefined when it has not begun. */
export async function readRun(state: StateStore, id: string): Promise<RunDoc | undefined> {
  return (await state.get<RunDoc>(RUNS, id))?.data;
}

/** The runs, oldest first. */
export async function readRuns(state: StateStore): Promise<RunDoc[]> {
  const docs = await state.list<RunDoc>(RUNS);
  return docs.map(({ data }) => data).sort((a, b) => (a.started_at < b.started_at ? -1 : 1));
}

/** Marks every run still recorded as running as stopped; only for callers that know no process is running one. */
export async function endAbandoned(state: StateStore, at: string): Promise<void> {
  for (const run of await readRuns(state)) {
    if (run.state !== 'running') continue;
    await writeRun(state, {
      ...run,
      state: 'stopped',
      finished_at: at,
      reason: 'its process died',
    });
  }
}

/** Writes or replaces the record of a run. */
export async function writeRun(state: StateStore, run: RunDoc): Promise<void> {
  await state.transaction(async (tx) => {
    tx.put(RUNS, run.run_id, run);
  });
}

export interface UnitResult {
  readonly step: string;
  readonly month: string;
  readonly slates: number;
}

/** Collects slates by step and reports them as units of calendar months. */
export class SlateTally {
  readonly #slates = new Map<string, Map<Slate, string>>();

  add(step: string, slate: Slate, reason = ''): void {
    const own = this.#slates.get(step) ?? new Map<Slate, string>();
    this.#slates.set(step, own.set(slate, reason));
  }

  /** The slates of a step. */
  of(step: string): ReadonlySet<Slate> {
    return new Set(this.#slates.get(step)?.keys());
  }

  units(): UnitResult[] {
    return [...this.#slates].flatMap(([step, own]) =>
      [...Map.groupBy(own.keys(), monthOf)].map(([month, those]) => ({ step, month, slates: those.length })),
    );
  }

  /** The units, split by reason. */
  reasons(): (UnitResult & { readonly reason: string })[] {
    return [...this.#slates].flatMap(([step, own]) => {
      const groups = Map.groupBy(own, ([slate, reason]) => `${monthOf(slate)}\n${reason}`);
      return [...groups].map(([key, those]) => {
        const [month = '', ...reason] = key.split('\n');
        return { step, month, slates: those.length, reason: reason.join('\n') };
      });
    });
  }
}

/** The ledger's summary of one step. */
interface StepStatus {
  readonly step: string;
  readonly units: number;
  readonly slates: number;
  readonly held: number;
  readonly failed: number;
  readonly first: Slate | null;
  readonly last: Slate | null;
  readonly rows: number;
  /** Seconds per slate as last measured. */
  readonly seconds_per_slate: number | null;
}

export interface BackfillStatus {
  readonly runs: readonly RunDoc[];
  readonly steps: readonly StepStatus[];
  readonly failures: readonly { readonly step: string; readonly slate: string; readonly reason: string }[];
}

/** Maximum number of runs shown in a status. */
const MAX_RUNS = 10;

/** The ledger's contents: the newest runs, progress per step, and failures. Reads only the state store. */
export async function backfillStatus(state: StateStore): Promise<BackfillStatus> {
  const [runs, units] = [await readRuns(state), await readUnits(state)];
  const bySteps = Map.groupBy(units.values(), ({ step }) => step);
  const steps = [...bySteps].map(([step, own]): StepStatus => {
    const slates = own.flatMap((unit) => Object.entries(unit.slates));
    const dates = slates.map(([slate]) => slate).sort() as Slate[];
    const measured = own.reduce((sum, unit) => sum + unit.measured_slates, 0);
    return {
      step,
      units: own.length,
      slates: slates.length,
      held: slates.filter(([, { held }]) => held !== undefined).length,
      failed: own.reduce((sum, unit) => sum + Object.keys(unit.failed).length, 0),
      first: dates[0] ?? null,
      last: dates.at(-1) ?? null,
      rows: slates.reduce((sum, [, { rows }]) => sum + rows, 0),
      seconds_per_slate: measured === 0 ? null : own.reduce((sum, unit) => sum + unit.seconds, 0) / measured,
    };
  });
  const failures = [...units.values()].flatMap(({ step, failed }) =>
    Object.entries(failed).map(([slate, reason]) => ({ step, slate, reason })),
  );
  return { runs: runs.slice(-MAX_RUNS), steps, failures };
}

/** The newest run that did not finish. Throws TIPOFF_NOT_FOUND when there is none. */
export function unfinishedRun(runs: readonly RunDoc[]): RunDoc {
  const found = runs.toReversed().find(({ state, failed_units }) => state !== 'finished' || failed_units > 0);
  if (found !== undefined) return found;
  const why = runs.length === 0 ? 'none has run here yet' : 'the last ones finished';
  throw new TipoffError('TIPOFF_NOT_FOUND', `there is no backfill to resume: ${why}`, {
    hint: 'Start one with `tipoff backfill run --from <slate> --to <slate>`.',
    details: { runs: runs.length },
  });
}
