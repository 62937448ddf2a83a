import type { BatchState } from '#pipeline/batch/state.ts';

/** Players of the model's slate that can be predicted; one more is always skipped. */
export const PLAYERS = [1, 2, 3, 4, 5, 6] as const;
export const UNIT_SIZE = 2;

/** A batch as the rules say it is. */
export interface ModelBatch {
  state: BatchState;
  readonly units: ModelUnit[];
  readonly created: number;
  progress: number;
}

interface ModelUnit {
  readonly players: readonly number[];
  dispatched: number;
  outcome: 'none' | 'predicted' | 'failed' | 'timed_out';
}

const ACTIVE: readonly BatchState[] = ['created', 'dispatching', 'running', 'consolidating'];
const STILL = 300;
const OLD = 1800;

/**
 * The rules of a slate's batches, written down a second time and without stores, queues and crashes: what a batch must be
 * after each thing that can happen to it. Time in seconds.
 */
export class SlateModel {
  readonly batches: ModelBatch[] = [];
  now = 0;

  get active(): ModelBatch | undefined {
    return this.batches.find(({ state }) => ACTIVE.includes(state));
  }

  /** Players with a visible prediction. */
  get visible(): number[] {
    const published = this.batches.filter(
      ({ state }) => state === 'published' || state === 'published_partial',
    );
    return PLAYERS.filter((id) =>
      published.some((batch) =>
        batch.units.some((unit) => unit.outcome === 'predicted' && unit.players.includes(id)),
      ),
    );
  }

  /** What a start must answer. */
  start(replaces: boolean, force: boolean): 'started' | 'refused' | 'nothing_to_do' {
    const holder = this.active;
    if (holder !== undefined && force) holder.state = 'reset';
    else if (holder !== undefined) {
      if (holder.state === 'consolidating' || this.now - holder.created <= OLD) return 'refused';
      this.close(holder);
    }
    const wanted = PLAYERS.filter((id) => replaces || !this.visible.includes(id));
    if (wanted.length === 0) return 'nothing_to_do';
    const units = Array.from({ length: Math.ceil(wanted.length / UNIT_SIZE) }, (_, i): ModelUnit => {
      return { players: wanted.slice(i * UNIT_SIZE, (i + 1) * UNIT_SIZE), dispatched: 0, outcome: 'none' };
    });
    this.batches.push({ state: 'created', units, created: this.now, progress: this.now });
    return 'started';
  }

  /** Dispatches; a dispatcher that dies has recorded its first `most` units. */
  dispatch(batch: ModelBatch, most = Number.POSITIVE_INFINITY): void {
    if (batch.state !== 'created' && batch.state !== 'dispatching') return;
    const waiting = batch.units.filter(({ dispatched }) => dispatched === 0);
    for (const unit of waiting.slice(0, most)) unit.dispatched = 1;
    batch.progress =
      batch.state === 'created' || waiting.length > 0 || most > waiting.length ? this.now : batch.progress;
    batch.state = most > waiting.length ? 'running' : 'dispatching';
  }

  /** What a worker must say of a delivery. */
  deliver(
    batch: ModelBatch,
    unit: ModelUnit,
    outcome: 'predicted' | 'failed',
  ): 'done' | 'failed' | 'duplicate' | 'late' {
    if (batch.state !== 'dispatching' && batch.state !== 'running') return 'late';
    if (unit.outcome !== 'none') return 'duplicate';
    unit.outcome = outcome;
    batch.progress = this.now;
    return outcome === 'predicted' ? 'done' : 'failed';
  }

  /** True when a settle has something to consolidate. */
  isComplete(batch: ModelBatch): boolean {
    return (
      (batch.state === 'dispatching' || batch.state === 'running') &&
      batch.units.every(({ outcome }) => outcome !== 'none')
    );
  }

  settle(batch: ModelBatch): void {
    if (this.isComplete(batch)) this.consolidate(batch);
  }

  /** A consolidation that dies before its copy. */
  halfSettle(batch: ModelBatch): void {
    if (!this.isComplete(batch)) return;
    if (!batch.units.some(({ outcome }) => outcome === 'predicted')) {
      this.consolidate(batch);
      return;
    }
    batch.state = 'consolidating';
    batch.progress = this.now;
  }

  resume(batch: ModelBatch): void {
    if (batch.state === 'consolidating') this.consolidate(batch);
    else this.settle(batch);
  }

  sweep(): void {
    const batch = this.active;
    if (batch === undefined) return;
    const isStill = this.now - batch.progress >= STILL;
    const isOld = this.now - batch.created > OLD;
    if (batch.state === 'consolidating') {
      if (isStill) this.consolidate(batch);
      return;
    }
    this.settle(batch);
    if (!ACTIVE.includes(batch.state)) return;
    if (isOld) this.close(batch);
    else if (isStill) this.stir(batch);
  }

  /** Gives a batch that stands still its second chance, and closes it when it has had it. */
  private stir(batch: ModelBatch): void {
    const again = batch.units.filter(({ outcome, dispatched }) => outcome === 'none' && dispatched < 2);
    if (batch.state !== 'running') this.dispatch(batch);
    else if (again.length === 0) this.close(batch);
    else {
      for (const unit of again) unit.dispatched += 1;
      batch.progress = this.now;
    }
  }

  /** Frees the slate; with `publish` what has outcomes is published first. */
  reset(batch: ModelBatch, staged: 'keep' | 'publish' | 'discard'): void {
    if (staged === 'publish' && ACTIVE.includes(batch.state)) this.close(batch);
    if (ACTIVE.includes(batch.state) || batch.state === 'failed' || batch.state === 'held')
      batch.state = 'reset';
  }

  private close(batch: ModelBatch): void {
    for (const unit of batch.units) if (unit.outcome === 'none') unit.outcome = 'timed_out';
    this.consolidate(batch);
  }

  private consolidate(batch: ModelBatch): void {
    const has = (outcome: ModelUnit['outcome']): boolean =>
      batch.units.some((unit) => unit.outcome === outcome);
    if (!has('predicted')) batch.state = 'failed';
    else batch.state = has('failed') || has('timed_out') ? 'published_partial' : 'published';
    batch.progress = this.now;
  }
}
