import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { RunMode } from '#core/run-modes.ts';

/** States of a batch, with the states that may follow. Every move is a compare-and-set with who, when and why. */
export const NEXT_STATES = {
  created: ['dispatching', 'consolidating', 'failed', 'reset'],
  dispatching: ['running', 'consolidating', 'held', 'failed', 'reset'],
  running: ['consolidating', 'held', 'failed', 'reset'],
  consolidating: ['published', 'published_partial', 'held', 'failed', 'reset'],
  held: ['consolidating', 'reset'],
  failed: ['reset'],
  published: [],
  published_partial: [],
  reset: [],
} as const satisfies Record<string, readonly string[]>;
export type BatchState = keyof typeof NEXT_STATES;

/** A batch in one of these holds its slate: no other may start. */
const ACTIVE: readonly BatchState[] = ['created', 'dispatching', 'running', 'consolidating'];

export function isActive(state: BatchState): boolean {
  return ACTIVE.includes(state);
}

/** Throws TIPOFF_CONFLICT unless a batch may go from one state to another. */
export function checkMove(batchId: string, from: BatchState, to: BatchState): void {
  const next: readonly string[] = NEXT_STATES[from];
  if (next.includes(to)) return;
  throw new TipoffError('TIPOFF_CONFLICT', `batch ${batchId} is ${from}: it cannot become ${to}`, {
    hint: `Look at it with \`tipoff batch show ${batchId}\`; \`tipoff batch reset\` frees its slate.`,
    details: { batch_id: batchId, from, to },
  });
}

/** Collections of the state store. */
export const COLLECTIONS = {
  /** One document per batch. */
  batches: 'batches',
  /** One per slate: which batch is active, how many there were. */
  slates: 'slates',
  /** One per unit: `<batch>:<unit>`. */
  units: 'units',
  /** One per expected player: `<batch>:<player>`. */
  outcomes: 'outcomes',
  /** One per move of a batch: `<batch>:<number>`. Append-only. */
  events: 'batch_events',
  /** One per slate: who may publish it, with the fencing token. */
  leases: 'publish_leases',
} as const;

export interface BatchDoc {
  readonly batch_id: string;
  readonly slate: Slate;
  readonly mode: RunMode;
  readonly state: BatchState;
  readonly by: string;
  readonly caller_key: string | null;
  /** Trace of the request that started it, for the logs; absent when nothing else is told about it. */
  readonly trace_id?: string;
  /** Games of the slate at the start. */
  readonly games: number;
  /** Players of the context, skipped ones included. */
  readonly expected: number;
  readonly units: number;
  readonly created_at: string;
  /** Last time a unit was dispatched or an outcome arrived. */
  readonly progress_at: string;
  readonly closed_at: string | null;
  /** Why the batch is in its state. */
  readonly reason: string | null;
  /** What becomes of what it has when it is closed early. */
  readonly policy: 'publish' | 'hold';
  /** The publication that stands; null until the batch is published. */
  readonly publication_id: string | null;
  /** Consolidations begun; each holds the lease of the slate under a token of its own. */
  readonly attempts: number;
  readonly events: number;
}

export interface SlateDoc {
  readonly slate: Slate;
  readonly active_batch: string | null;
  /** Batches started so far. */
  readonly started: number;
}

export interface UnitDoc {
  readonly batch_id: string;
  readonly unit_id: string;
  readonly players: readonly number[];
  readonly dispatched: number;
  readonly state: 'waiting' | 'done';
  /** Grows with every worker that takes the unit: each stages into a table of its own, and the first to finish counts. */
  readonly claim: number;
  /** The staging table of the worker that finished it. */
  readonly staging_table: string | null;
  readonly rows: number;
}

export type Outcome = 'predicted' | 'skipped' | 'failed' | 'timed_out';

export interface OutcomeDoc {
  readonly batch_id: string;
  readonly player_id: number;
  readonly outcome: Outcome;
  /** Rows staged for the player. */
  readonly rows: number;
  readonly reason: string | null;
  readonly at: string;
}

export interface EventDoc {
  readonly batch_id: string;
  readonly at: string;
  readonly by: string;
  readonly from: BatchState | null;
  readonly to: BatchState;
  readonly reason: string | null;
}

export const unitKey = (batchId: string, unitId: string): string => `${batchId}:${unitId}`;
export const outcomeKey = (batchId: string, playerId: number): string => `${batchId}:${playerId}`;

/** The queue topic of prediction units; a message is `{ batch_id, unit_id }`, with the `trace_id` of the batch where it has one. */
export const UNIT_TOPIC = 'predict-units';
