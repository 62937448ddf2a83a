import { describe, expect, it } from 'vitest';
import { tableId } from '#core/contracts/define.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { columnsReadBy } from '#guard/schema/statement-reader.ts';
import { PRECOMPUTE_PROCESSORS, PROCESSORS, waitsFor } from '#pipeline/graph.ts';
import { outputOf, tablesOf } from '#pipeline/processor.ts';
import { openSqlEngine } from '#platform/warehouse/duckdb/sql-engine.ts';

describe('the graph of processors', () => {
  it.each(PROCESSORS.map((processor) => [processor.name, processor] as const))(
    '%s declares the tables that its statement reads, and no other',
    async (_name, { inputs, select }) => {
      const views = new Set(codeSchema().views.map(({ id }) => id));
      const read = await columnsReadBy(select, codeSchema(), openSqlEngine, 'first of a table');
      const tables = [...new Set(read.map(({ table }) => table))].filter((table) => !views.has(table));
      expect(tables.sort()).toEqual(tablesOf(inputs).sort());
    },
  );

  it('is in an order that respects it', () => {
    const made = new Set<string>();
    const ours = new Set(PROCESSORS.map(outputOf));
    for (const processor of PROCESSORS) {
      for (const { table, part } of processor.inputs)
        if (part === undefined && ours.has(tableId(table)))
          expect([...made], processor.name).toContain(tableId(table));
      made.add(outputOf(processor));
    }
  });

  it('makes a processor wait for what its inputs, and theirs, must have ready', () => {
    const waits = Object.fromEntries(
      PRECOMPUTE_PROCESSORS.map((processor) => [processor.name, [...waitsFor(processor)].sort()]),
    );
    expect(waits).toEqual({
      TeamDefenseZoneAnalysis: ['results', 'schedule'],
      PlayerShotZoneAnalysis: ['roster'],
      PlayerDailyCache: ['results', 'roster', 'schedule'],
      PlayerAvailability: ['results', 'roster', 'schedule'],
      PlayerCompositeFactors: ['results', 'roster', 'schedule'],
      MLFeatureStore: ['results', 'roster', 'schedule'],
    });
  });
});
