import type { Slate } from '#core/calendar.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Market } from '#core/markets.ts';
import type { Deployment } from '#guard/canaries/definition.ts';
import type { FeatureVector, ForecastSystem, ModelSource, Prediction, SystemId } from '#model/systems.ts';
import { isPrediction } from '#model/systems.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { TableRef, Warehouse } from '#platform/warehouse/port.ts';
import type { Delivery } from './feed.ts';
import type { Reach } from './reach.ts';

/** The stores of a world as they are, for damage that is done by hand. */
export interface PlainStores {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly exports: ObjectStore;
  readonly models: ObjectStore;
  readonly queue: Queue;
  readonly clock: Clock;
}

/** Where a permission can be withdrawn. */
export interface Access {
  readonly port: 'warehouse' | 'exports' | 'models' | 'state';
  readonly operation: string;
  /** Table, path or collection. */
  readonly name: string;
}

/** What goes wrong on the days of a mutant. */
export interface Damage {
  /** Tables that are wrong first, so that what follows from them is known; absent where that may be anything. */
  readonly touches?: readonly string[];
  /** Rows as they arrive. */
  readonly feed?: (sent: readonly Delivery[], day: Slate) => readonly Delivery[];
  /** The files of a delivery, instead of the one it should be. */
  readonly file?: (delivery: Delivery, whole: Uint8Array) => readonly Uint8Array[];
  /** Statements after every write to a table: a writer that is wrong. `{table}` is where the rows went. */
  readonly written?: { readonly table: string; readonly sql: (day: Slate) => readonly string[] };
  /** What the statement of a table computes instead, made from the statement: it enters its own checksum as any result does. */
  readonly computed?: { readonly table: string; readonly sql: (statement: string, day: Slate) => string };
  /** What is stored instead of a document; undefined = nothing. */
  readonly document?: (
    path: string,
    bytes: Uint8Array,
    before: Uint8Array | undefined,
  ) => Uint8Array | undefined;
  /** Between the loads and the daily job, and after the daily job. */
  readonly before?: (world: PlainStores, day: Slate) => Promise<void>;
  readonly after?: (world: PlainStores, day: Slate) => Promise<void>;
  /** What the installation says about itself to the checks, instead of what is so. */
  readonly deployment?: (healthy: Deployment) => Deployment;
  /** What the model forecasts instead, for a player and a market. */
  readonly forecast?: (made: Prediction, asked: Asked) => Prediction;
  /** What is not started: the daily job, or the back-up. */
  readonly never?: 'day' | 'back-up';
  /** Access that is refused to the daily job. */
  readonly refuses?: (access: Access, day: Slate) => boolean;
  /** The daily job dies at its n-th write to the warehouse. */
  readonly diesAt?: number;
}

/** Who is asked for a forecast of what. */
interface Asked extends FeatureVector {
  readonly system: SystemId;
  readonly market: Market;
}

/** Whether a damage can meet what is loaded, and not only what is made of it. */
export function meetsLoads({ feed, file, refuses, written }: Damage): boolean {
  return (
    feed !== undefined ||
    file !== undefined ||
    refuses !== undefined ||
    (written !== undefined && /^nba_(?:raw|reference)\./.test(written.table))
  );
}

/** Thrown where a process would have died: nobody is left to say so. */
export class Died extends Error {
  constructor() {
    super('the process died here');
    this.name = 'Died';
  }
}

/** Thrown when the damage itself cannot be done: a defect of the mutation. */
export class ImpossibleDamage extends Error {}

type Active = () => Slate | undefined;

/** The death of the daily job, which nothing that it does survives: neither in the warehouse nor in the state. */
export interface Death {
  readonly isDead: () => boolean;
  readonly die: () => never;
}

/** The death of a job on one day; `isInJob` tells whether it is the job that asks. */
export function deathOf(active: Active, isInJob: () => boolean): Death {
  let dead: Slate | undefined;
  return {
    isDead: () => dead !== undefined && dead === active() && isInJob(),
    die: () => {
      dead = active();
      throw new Died();
    },
  };
}

function refuse(access: Access): TipoffError {
  return new TipoffError(
    access.port === 'warehouse' ? 'TIPOFF_SQL' : 'TIPOFF_STORAGE',
    `${access.port}: permission denied: ${access.operation} ${access.name}`,
    { hint: 'Grant the permission.' },
  );
}

/** A warehouse whose writers are wrong, are refused, or die, on the days of the damage. */
export function damagedWarehouse(
  warehouse: Warehouse,
  damage: Damage,
  active: Active,
  isInJob: () => boolean,
  death: Death,
  reach: Reach | undefined,
): Warehouse {
  let writes = 0;
  const check = (operation: string, name: string): void => {
    const day = active();
    if (day === undefined) return;
    if (death.isDead()) throw new Died();
    const access: Access = { port: 'warehouse', operation, name };
    if (damage.refuses?.(access, day) === true) throw refuse(access);
  };
  const wrote = async (name: string, target: string): Promise<void> => {
    const day = active();
    if (day === undefined) return;
    if (isInJob()) writes += 1;
    if (damage.diesAt === writes && isInJob()) death.die();
    if (damage.written?.table !== name) return;
    for (const sql of damage.written.sql(day)) {
      await warehouse.execute(sql.replaceAll('{table}', target)).catch((error: unknown) => {
        throw new ImpossibleDamage(messageOf(error));
      });
    }
  };
  const target = (table: TableRef, into: TableRef = table): string => tableId(into);
  return {
    ...warehouse,
    query: async (sql, params) => {
      check('read', sql);
      return warehouse.query(sql, params);
    },
    queryColumns: async (sql, params) => {
      check('read', sql);
      return warehouse.queryColumns(sql, params);
    },
    execute: async (sql, params) => {
      const name =
        /(?:INSERT INTO|UPDATE|MERGE INTO|DELETE FROM)\s+([a-z_]+\.[a-z_0-9]+)/i.exec(sql)?.[1] ?? '';
      check('write', name);
      const count = await warehouse.execute(sql, params);
      await wrote(name, name);
      return count;
    },
    append: async (table, rows, into) => {
      check('write', tableId(table));
      const count = await warehouse.append(table, rows, into);
      await wrote(tableId(table), target(table, into));
      return count;
    },
    appendNew: async (table, rows) => {
      check('write', tableId(table));
      const count = await warehouse.appendNew(table, rows);
      await wrote(tableId(table), tableId(table));
      return count;
    },
    replaceRange: async (table, range, select, params) => {
      check('write', tableId(table));
      const compute = async (): Promise<number> => {
        const { computed } = damage;
        const day = active();
        const isWrong = computed?.table === tableId(table) && day !== undefined;
        const stated = isWrong ? computed.sql(select, day) : select;
        const count = await warehouse.replaceRange(table, range, stated, params);
        if (damage.written?.table === tableId(table) && active() !== undefined)
          await rewritten(warehouse, table, range, damage.written.sql(active() as Slate));
        return count;
      };
      const count = await (reach?.replaceRange(warehouse, table, range, compute) ?? compute());
      await wrote('', tableId(table));
      return count;
    },
    stage: async (table, as, rows, options) => {
      check('write', tableId(table));
      const count = await warehouse.stage(table, as, rows, options);
      await wrote(tableId(table), tableId(as));
      return count;
    },
  };
}

/**
 * Other rows than the statement of a writer gave: through the same door, which may refuse them, but without an entry of their own in the
 * book of what was written.
 */
async function rewritten(
  warehouse: Warehouse,
  table: TableContract,
  range: Parameters<Warehouse['replaceRange']>[1],
  damage: readonly string[],
): Promise<void> {
  const columns = columnNames(table).join(', ');
  const draft = `${table.dataset}.damaged_draft`;
  try {
    await warehouse.execute(`CREATE OR REPLACE TABLE ${draft} AS SELECT ${columns} FROM ${tableId(table)}`);
    for (const sql of damage) await warehouse.execute(sql.replaceAll('{table}', draft));
  } catch (error) {
    throw new ImpossibleDamage(messageOf(error));
  }
  const { column, from, to } = range;
  await warehouse.replaceRange(
    table,
    { column, from, to, ...(range.extraWhere === undefined ? {} : { extraWhere: range.extraWhere }) },
    `SELECT ${columns} FROM ${draft} WHERE ${column} BETWEEN DATE '${from}' AND fn.add_days(DATE '${to}', ${to.startsWith('9999') ? 0 : 1})`,
  );
}

/** A store whose writers are wrong or are refused, on the days of the damage. */
export function damagedObjects(
  store: ObjectStore,
  port: 'exports' | 'models',
  damage: Damage,
  active: Active,
): ObjectStore {
  const check = (operation: string, name: string): void => {
    const access: Access = { port, operation, name };
    const day = active();
    if (day !== undefined && damage.refuses?.(access, day) === true) throw refuse(access);
  };
  return {
    ...store,
    put: async (path, bytes, options) => {
      check('write', path);
      if (port === 'models' || active() === undefined || damage.document === undefined)
        return store.put(path, bytes, options);
      const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
      const before = (await store.get(path))?.bytes;
      const put = await store.put(path, bytes, options);
      const stored = damage.document(path, content, before);
      if (stored === undefined) await store.delete(path);
      else if (stored !== content) await store.put(path, stored, { contentType: options.contentType });
      return put;
    },
    get: async (path) => {
      check('read', path);
      return store.get(path);
    },
    list: async (prefix) => {
      check('read', prefix);
      return store.list(prefix);
    },
  };
}

/** A state store that is refused, or out of reach of a job that has died, on the days of the damage. */
export function damagedState(store: StateStore, damage: Damage, active: Active, death: Death): StateStore {
  const check = (operation: string, name: string): void => {
    if (death.isDead()) throw new Died();
    const access: Access = { port: 'state', operation, name };
    const day = active();
    if (day !== undefined && damage.refuses?.(access, day) === true) throw refuse(access);
  };
  return {
    ...store,
    get: async (collection, id) => {
      check('read', collection);
      return store.get(collection, id);
    },
    list: async (collection, query) => {
      check('read', collection);
      return store.list(collection, query);
    },
    create: async (collection, id, data) => {
      check('write', collection);
      return store.create(collection, id, data);
    },
    transaction: async (body) => {
      check('write', '');
      return store.transaction(body);
    },
  };
}

/** A model whose systems forecast something else, on the days of the damage. */
export function damagedModel(source: ModelSource, { forecast }: Damage, active: Active): ModelSource {
  if (forecast === undefined) return source;
  const changed = (system: ForecastSystem, market: Market): ForecastSystem => ({
    ...system,
    forecast: (asked) => {
      const made = system.forecast(asked);
      return isPrediction(made) ? forecast(made, { ...asked, system: system.id, market }) : made;
    },
  });
  return {
    forSlate: async (slate) => {
      const model = await source.forSlate(slate);
      if (active() === undefined) return model;
      return {
        ...model,
        markets: model.markets.map(({ market, systems }) => ({
          market,
          systems: systems.map((system) => changed(system, market)),
        })),
      };
    },
  };
}
