import type { BatchDeps } from '#pipeline/predict/run-batch.ts';
import type { Delivery } from '#platform/queue/port.ts';

/** Called around every change a component makes to the outside, with the name of the change. */
export type Intercept = (when: 'before' | 'after', change: string) => Promise<void>;

/** The same dependencies with every change reported; an intercept that throws takes the place of a crash at that point. */
export function interceptedDeps(deps: BatchDeps, intercept: Intercept): BatchDeps {
  const around =
    <A extends unknown[], R>(change: string, run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await intercept('before', change);
      const result = await run(...args);
      await intercept('after', change);
      return result;
    };
  const { warehouse, state, queue } = deps;
  const reported = <T>(delivery: Delivery<T>): Delivery<T> => ({
    ...delivery,
    ack: around('ack', () => delivery.ack()),
    nack: around('nack', (delay?: number) => delivery.nack(delay)),
  });
  return {
    ...deps,
    warehouse: {
      ...warehouse,
      execute: around('execute', warehouse.execute),
      append: async (table, rows, into) => around('append', () => warehouse.append(table, rows, into))(),
      replaceRange: around('replaceRange', warehouse.replaceRange),
      createTable: around('createTable', warehouse.createTable),
      dropTable: around('dropTable', warehouse.dropTable),
    },
    state: { ...state, transaction: async (body) => around('transaction', () => state.transaction(body))() },
    queue: {
      ...queue,
      publish: around('publish', queue.publish),
      pull: async <T>(topic: string, max: number, lease?: number) => (await queue.pull<T>(topic, max, lease)).map((one) => reported(one)),
    },
  };
}
