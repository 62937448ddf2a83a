import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { PushDecision, Queue } from '#platform/queue/port.ts';
import type { RightOfWay } from '#platform/right-of-way.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** What keeps the data: the adapters of one profile, opened together. */
export interface Stores {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly queue: Queue;
  /** Where exports go. */
  readonly exports: ObjectStore;
  /** Where model artefacts are kept. */
  readonly models: ObjectStore;
  /** What the user should know about how they were opened, such as a home taken over from a dead process. */
  readonly notes: readonly string[];
  /** Leaves address and key of a service for its owner's other processes, where there is a place for that. */
  announce(at: { readonly address: string; readonly key: string }): Promise<void>;
  /** Takes the body of a pushed message; absent where messages are only pulled. Throws TIPOFF_BAD_INPUT when it is none of the queue's. */
  readonly push?: (body: unknown) => Promise<PushDecision>;
}

/** What a profile needs to open its stores. */
export interface StoreOptions {
  /** What the process is doing, for others who find the place taken. */
  readonly command: string;
  readonly clock: Clock;
  /**
   * False opens the stores of whoever looks at the definitions themselves: nothing missing is made in a home, and nothing is
   * noted of them in the cloud.
   */
  readonly prepare?: boolean;
  /** Who goes first in this process. */
  readonly rightOfWay: RightOfWay;
}

/** Takes over what has to be closed, in the order of opening; it is closed in the opposite one. */
export type OnClose = (close: () => Promise<void>) => void;
