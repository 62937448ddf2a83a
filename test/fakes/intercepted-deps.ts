import type { BatchDeps } from '#pipeline/batch/run.ts';
import type { Delivery } from '#platform/queue/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Called around every change a component makes to the outside, with the name of the change. */
export type Intercept = (when: 'before' | 'after', change: string) => Promise<void>;

/** True for the statement that copies staged rows into the predictions table. */
function isCopy(sql: string): boolean {
  return sql.startsWith('INSERT INTO nba_predictions.player_prop_predictions');
}

/** A warehouse in which no staged rows can be copied. */
export function withoutCopies(warehouse: Warehouse, error: Error): Warehouse {
  return {
    ...warehouse,
    execute: async (sql, params) => (isCopy(sql) ? Promise.reject(error) : warehouse.execute(sql, params)),
  };
}

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
      execute: async (sql, params) =>
        around(isCopy(sql) ? 'copy' : 'execute', () => warehouse.execute(sql, params))(),
      append: async (table, rows, into) => around('append', () => warehouse.append(table, rows, into))(),
      replaceRange: around('replaceRange', warehouse.replaceRange),
      stage: async (table, as, rows, options) =>
        around('stage', () => warehouse.stage(table, as, rows, options))(),
      createTable: around('createTable', warehouse.createTable),
      dropTable: around('dropTable', warehouse.dropTable),
    },
    state: { ...state, transaction: async (body) => around('transaction', () => state.transaction(body))() },
    queue: {
      ...queue,
      publish: around('publish', queue.publish),
      pull: async <T>(topic: string, max: number, lease?: number) =>
        (await queue.pull<T>(topic, max, lease)).map((one) => reported(one)),
    },
  };
}
