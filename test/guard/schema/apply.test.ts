import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineTable, nullable, required, type TableContract } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { schemaChanges } from '#core/contracts/nba_orchestration/schema-changes.ts';
import { type ApplyReport, applySchema } from '#guard/schema/apply.ts';
import { checkSchema } from '#guard/schema/check.ts';
import { type CodeView, codeSchema, VIEWS } from '#guard/schema/code-schema.ts';
import { NO_USAGE } from '#guard/schema/compare.ts';
import { schemaOfWarehouse } from '#guard/schema/from-live.ts';
import { differencesOf } from '#guard/schema/report.ts';
import { liveSnapshot, readSnapshot, snapshotFiles } from '#guard/schema/snapshot.ts';
import { virtualClock } from '#platform/clock.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

const TODAY = '2026-02-08';
const staged = { prediction_id: required.string('Prediction'), slate: required.date('Slate'), line: nullable.numeric('Line') } as const;
const described = {
  dataset: 'nba_predictions',
  name: 'outage_rows',
  description: 'What the worker writes',
  key: ['prediction_id'],
  writer: 'worker',
} as const;
const before = defineTable({ ...described, columns: staged });
const after = defineTable({ ...described, columns: { ...staged, line_source: nullable.string('Who the line is from') } });
const row = { prediction_id: 'p1', slate: '2026-02-07', line: '24.5' };
const view: CodeView = { ref: { dataset: 'nba_predictions', name: 'outage_view' }, sql: 'SELECT r.* FROM nba_predictions.outage_rows r' };

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openDuckDb(':memory:');
});
afterEach(() => warehouse.close());

const apply = (contracts: readonly TableContract[], views: readonly CodeView[] = [], dryRun = false): Promise<ApplyReport> =>
  applySchema(
    {
      warehouse,
      clock: virtualClock('2026-02-08T12:00:00Z'),
      runId: 'run',
      by: 'test',
      codeVersion: '1',
      contracts: [...contracts, schemaChanges],
      views,
      usage: NO_USAGE,
    },
    dryRun,
  );
/** The check of a pull request: this code against the warehouse as it stands. */
async function check(contract: TableContract) {
  const live = await schemaOfWarehouse(warehouse);
  const files = [contract, schemaChanges].map(({ dataset, name, columns }) => ({
    path: `src/pipeline/${name}/worker.ts`,
    text: `import { it } from '#core/contracts/${dataset}/${name.replaceAll('_', '-')}.ts';\nexport const row = { ${Object.keys(columns).join(', ')} };`,
  }));
  const report = checkSchema({
    warehouse: live,
    wanted: codeSchema([contract, schemaChanges], []),
    files,
    evaluated: [],
    approvals: [],
    today: TODAY,
  });
  return { ok: report.ok, differences: differencesOf(report, TODAY) };
}

describe('the outage of two columns that the table did not have', () => {
  it('is stopped by the check, which names table, field and statement, until the table has gone first', async () => {
    await apply([before]);
    expect(await check(before)).toEqual({ ok: true, differences: [] });

    const late = await check(after);
    expect(late.ok).toBe(false);
    expect(late.differences).toMatchObject([
      {
        table: 'nba_predictions.outage_rows',
        column: 'line_source',
        kind: 'column_added',
        class: 'needs_order',
        direction: 'table_first',
        writers: ['worker'],
        message: expect.stringContaining('ALTER TABLE nba_predictions.outage_rows ADD COLUMN line_source STRING'),
        approval: null,
      },
    ]);
    await expect(warehouse.append(after, [{ ...row, line_source: 'book' }])).rejects.toMatchObject({ code: 'TIPOFF_SQL' });

    expect((await apply([after])).applied.map(({ id }) => id)).toEqual([
      'column_added nba_predictions.outage_rows.line_source none -> STRING NULLABLE',
    ]);
    expect(await check(after)).toEqual({ ok: true, differences: [] });
    expect(await warehouse.append(after, [{ ...row, line_source: 'book' }])).toBe(1);
  });

  it('does not happen in the other order: the table first, the old code on it, then the new code', async () => {
    await apply([before]);
    await apply([after]);
    expect(await check(before)).toEqual({ ok: true, differences: [] });
    expect(await warehouse.append(before, [row])).toBe(1);
    expect(await check(after)).toEqual({ ok: true, differences: [] });
    expect(await warehouse.append(after, [{ ...row, prediction_id: 'p2', line_source: 'book' }])).toBe(1);
  });
});

describe('schema apply', () => {
  it('makes everything in an empty warehouse, and nothing the second time', async () => {
    const deps = {
      warehouse,
      clock: virtualClock('2026-02-08T12:00:00Z'),
      runId: 'run',
      by: 'test',
      codeVersion: '1',
      contracts: CONTRACTS,
      views: VIEWS,
      usage: NO_USAGE,
    };
    const first = await applySchema(deps);
    expect(first.applied.length).toBe(CONTRACTS.length + VIEWS.length);
    expect(first.refused).toEqual([]);
    expect(await applySchema(deps)).toEqual({ dryRun: false, applied: [], refused: [], left: [] });
    const changes = await warehouse.query<{ n: number }>('SELECT COUNT(*) AS n FROM nba_orchestration.schema_changes');
    expect(changes).toEqual([{ n: first.applied.length }]);
  });

  it('only says what it would do in a dry run', async () => {
    expect((await apply([before], [], true)).applied.map(({ kind }) => kind)).toEqual(['table_added', 'table_added']);
    expect(await schemaOfWarehouse(warehouse)).toEqual({ tables: [], views: [] });
  });

  it('records who added what, when, and by which statement', async () => {
    await apply([before]);
    await apply([after]);
    const [change] = await warehouse.query("SELECT * FROM nba_orchestration.schema_changes WHERE kind = 'column_added'");
    expect(change).toMatchObject({
      table_id: 'nba_predictions.outage_rows',
      column_name: 'line_source',
      applied_by: 'test',
      applied_at: '2026-02-08T12:00:00.000Z',
      engine: 'duckdb',
      statement: 'ALTER TABLE nba_predictions.outage_rows ADD COLUMN line_source VARCHAR',
    });
  });

  it('makes views over a table that grew anew', async () => {
    await apply([before], [view]);
    await warehouse.append(before, [row]);
    await apply([after], [view]);
    expect(await warehouse.query('SELECT line_source FROM nba_predictions.outage_view')).toEqual([{ line_source: null }]);
  });

  it('refuses what is not additive with the plan, and adds the rest', async () => {
    await apply([before]);
    const retyped = defineTable({ ...described, columns: { ...staged, line: nullable.string('Line'), extra: nullable.int('Extra') } });
    const report = await apply([retyped]);
    expect(report.applied.map(({ column }) => column)).toEqual(['extra']);
    expect(report.refused).toMatchObject([
      {
        kind: 'type_changed',
        column: 'line',
        fix: { bigquery: ["ALTER TABLE nba_predictions.outage_rows ADD COLUMN line_next STRING OPTIONS (description = 'Line')"] },
      },
    ]);
    expect((await warehouse.describe(before))?.find(({ name }) => name === 'line')?.type).toBe('NUMERIC');
  });

  it('refuses a required column and leaves columns that no contract has', async () => {
    await apply([after]);
    const other = defineTable({ ...described, columns: { ...staged, must: required.int('Needed') } });
    const report = await apply([other]);
    expect(report.applied).toEqual([]);
    expect(report.refused.map(({ kind, column }) => [kind, column])).toEqual([['column_added', 'must']]);
    expect(report.left.map(({ kind, column }) => [kind, column])).toEqual([['column_removed', 'line_source']]);
  });
});

describe('a snapshot', () => {
  it('of the live warehouse is byte for byte the one of the contracts', async () => {
    const code = codeSchema();
    await applySchema({
      warehouse,
      clock: virtualClock('2026-02-08T12:00:00Z'),
      runId: 'run',
      by: 'test',
      codeVersion: '1',
      contracts: CONTRACTS,
      views: VIEWS,
      usage: NO_USAGE,
    });
    expect(snapshotFiles(liveSnapshot(await schemaOfWarehouse(warehouse), code))).toEqual(snapshotFiles(code));
  });

  it('does not depend on the order of tables and comes back as it was written', () => {
    const code = codeSchema();
    const files = snapshotFiles(code);
    expect(snapshotFiles({ ...code, tables: [...code.tables].reverse() })).toEqual(files);
    expect(snapshotFiles(readSnapshot(files))).toEqual(files);
  });

  it('that was damaged is refused with the file and the field', () => {
    const [file] = snapshotFiles(codeSchema());
    const text = file?.text.replace('"REQUIRED"', '"SOMETIMES"') ?? '';
    expect(() => readSnapshot([{ path: 'a.json', text }])).toThrow(/a\.json.*\n?.*mode/s);
    expect(() => readSnapshot([{ path: 'a.json', text: '{' }])).toThrow(/a\.json/);
  });
});
