import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { applySchema } from '#guard/schema/apply.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { compare } from '#guard/schema/compare.ts';
import { liveSnapshot, schemaOfWarehouse } from '#guard/schema/live-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { schemaFiles } from '#guard/schema/schema-files.ts';
import { virtualClock } from '#platform/clock.ts';
import { FUNCTIONS } from '#platform/sql/port.ts';
import { emulated, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { offered } from './offered.ts';

const endpoint = offered('bigquery');
const code = codeSchema();

/** Functions that the emulator does not read as the library writes them: `emulated` sends others, or none. */
const ANY_TYPE = FUNCTIONS.filter(({ bigquery }) => bigquery.includes('ANY TYPE')).map(({ name }) => name);
/** Tables that refuse a query without a bound, which the emulator ignores. */
const BOUNDED = CONTRACTS.filter(({ partitionFilterRequired }) => partitionFilterRequired === true);

async function applied(warehouse: Warehouse): Promise<Schema> {
  const clock = virtualClock('2026-02-08T12:00:00Z');
  const who = {
    clock,
    runId: 'run',
    by: 'test',
    codeVersion: '1',
    compare: async (live: Schema, wanted: Schema) => compare(live, wanted),
  };
  const { refused } = await applySchema({ ...who, warehouse, contracts: CONTRACTS, views: VIEWS });
  expect(refused).toEqual([]);
  return schemaOfWarehouse(warehouse);
}

/** A schema without what the emulator forgets or cannot read. */
function withoutForgotten(schema: Schema): Schema {
  return {
    ...schema,
    tables: schema.tables.map((table) => ({ ...table, partitionFilterRequired: false })),
    views: schema.views.map(({ id, columns }) => ({ id, columns })),
    functions: (schema.functions ?? []).filter(({ name }) => !ANY_TYPE.includes(name)),
  };
}

describe.skipIf(endpoint === undefined)(
  'the snapshot of one schema on DuckDB and on BigQuery, by bqemulator',
  () => {
    let [duckdb, bigquery]: [Schema, Schema] = [code, code];
    const opened: Warehouse[] = [];
    beforeAll(async () => {
      const projectId = `tipoff-${randomUUID().slice(0, 8)}`;
      opened.push(
        await openDuckDb(':memory:'),
        openBigQuery({ projectId, location: 'US', retries: 1, ...emulated(endpoint ?? '') }),
      );
      const [ofDuckDb, ofBigQuery] = await Promise.all(opened.map(applied));
      if (ofDuckDb === undefined || ofBigQuery === undefined) throw new Error('both warehouses were opened');
      [duckdb, bigquery] = [liveSnapshot(ofDuckDb, code), liveSnapshot(ofBigQuery, code)];
    });
    afterAll(() => Promise.all(opened.map((warehouse) => warehouse.close())));

    it('is the same files, but for what the emulator forgets', () => {
      const files = schemaFiles(withoutForgotten(bigquery), 'snapshot');
      expect(files).toEqual(schemaFiles(withoutForgotten(duckdb), 'snapshot'));
      expect(files).toEqual(schemaFiles(withoutForgotten(code), 'snapshot'));
    });

    it('differs in exactly what the emulator forgets: one that remembers needs its exception no longer', () => {
      expect(schemaFiles(duckdb, 'snapshot')).toEqual(schemaFiles(code, 'snapshot'));
      const found = compare(bigquery, duckdb).map(({ kind, table }) => `${kind} ${table}`);
      const forgotten = [
        ...BOUNDED.map(({ dataset, name }) => `partition_filter_changed ${dataset}.${name}`),
        ...ANY_TYPE.map((name) =>
          name === 'row_hash' ? 'function_added fn.row_hash' : `function_body_changed fn.${name}`,
        ),
      ];
      expect(found.sort()).toEqual(forgotten.sort());
    });

    it('lacks the text of a view: INFORMATION_SCHEMA of the emulator has it in other words and without its quotes', () => {
      expect(bigquery.views).toEqual(code.views.map(({ id, columns }) => ({ id, columns })));
    });
  },
);
