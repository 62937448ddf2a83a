import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  columnNames,
  defineTable,
  nullable,
  required,
  type TableContract,
  type ViewContract,
} from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { schemaChanges } from '#core/contracts/nba_orchestration.ts';
import { type ApplyReport, applySchema } from '#guard/schema/apply.ts';
import { checkSchema } from '#guard/schema/check.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { compare, NO_USAGE, type Usage } from '#guard/schema/compare.ts';
import { liveSnapshot, schemaOfWarehouse } from '#guard/schema/live-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { differencesOf } from '#guard/schema/report.ts';
import { readSchemaFiles, schemaFiles } from '#guard/schema/schema-files.ts';
import { virtualClock } from '#platform/clock.ts';
import { FUNCTIONS } from '#platform/sql/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { openRememberingEngine } from './remembering-engine.ts';

const TODAY = '2026-02-08';
const staged = {
  prediction_id: required.string('Prediction'),
  slate: required.date('Slate'),
  line: nullable.numeric('Line'),
} as const;
const described = {
  dataset: 'nba_predictions',
  name: 'outage_rows',
  description: 'What the worker writes',
  key: ['prediction_id'],
  writer: 'worker',
} as const;
const before = defineTable({ ...described, columns: staged });
const after = defineTable({
  ...described,
  columns: { ...staged, line_source: nullable.string('Who the line is from') },
});
const row = { prediction_id: 'p1', slate: '2026-02-07', line: '24.5' };
const view: ViewContract = {
  ref: { dataset: 'nba_predictions', name: 'outage_view' },
  sql: 'SELECT r.* FROM nba_predictions.outage_rows r',
  columns: columnNames(before),
};

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openWarehouse({ tables: 'none' });
});
afterEach(() => warehouse.close());

async function native(statements: readonly string[]): Promise<void> {
  for (const statement of statements) await warehouse.execute(statement);
}

const apply = (
  contracts: readonly TableContract[],
  views: readonly ViewContract[] = [],
  dryRun = false,
  usage: Usage = NO_USAGE,
): Promise<ApplyReport> =>
  applySchema(
    {
      warehouse,
      clock: virtualClock('2026-02-08T12:00:00Z'),
      runId: 'run',
      by: 'test',
      codeVersion: '1',
      contracts: [...contracts, schemaChanges],
      views,
      compare: async (live, wanted) => compare(live, wanted, usage),
    },
    dryRun,
  );
/** The check of a pull request: this code against the warehouse as it stands. */
async function check(contract: TableContract) {
  const live = await schemaOfWarehouse(warehouse);
  const files = [contract, schemaChanges].flatMap(({ dataset, name, columns }) => [
    {
      path: `src/core/contracts/${dataset}.ts`,
      text: `export const ${name} = defineTable({ dataset: '${dataset}', name: '${name}' });`,
    },
    {
      path: `src/pipeline/${name}/worker.ts`,
      text: `import { ${name} } from '#core/contracts/${dataset}.ts';\nexport const row = { ${Object.keys(columns).join(', ')} };`,
    },
  ]);
  const report = await checkSchema({
    warehouse: live,
    wanted: codeSchema([contract, schemaChanges], []),
    files,
    statements: [],
    openEngine: openRememberingEngine,
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
        message: expect.stringContaining(
          'ALTER TABLE nba_predictions.outage_rows ADD COLUMN line_source STRING',
        ),
        approval: null,
      },
    ]);
    await expect(warehouse.append(after, [{ ...row, line_source: 'book' }])).rejects.toMatchObject({
      code: 'TIPOFF_SQL',
    });

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
  it('makes everything in an empty warehouse, to the snapshot of the contracts, and nothing the second time', async () => {
    const deps = {
      warehouse,
      clock: virtualClock('2026-02-08T12:00:00Z'),
      runId: 'run',
      by: 'test',
      codeVersion: '1',
      contracts: CONTRACTS,
      views: VIEWS,
      compare: async (live: Schema, wanted: Schema) => compare(live, wanted),
    };
    const first = await applySchema(deps);
    expect(first.applied.length).toBe(CONTRACTS.length + VIEWS.length + FUNCTIONS.length);
    expect(first.refused).toEqual([]);
    const code = codeSchema();
    expect(schemaFiles(liveSnapshot(await schemaOfWarehouse(warehouse), code), 'snapshot')).toEqual(
      schemaFiles(code, 'snapshot'),
    );
    expect(await applySchema(deps)).toEqual({
      dryRun: false,
      engine: 'duckdb',
      applied: [],
      refused: [],
      left: [],
    });
    const changes = await warehouse.query<{ n: number }>(
      'SELECT COUNT(*) AS n FROM nba_orchestration.schema_changes',
    );
    expect(changes).toEqual([{ n: first.applied.length }]);
  });

  it('only says what it would do in a dry run', async () => {
    const { applied } = await apply([before], [], true);
    expect(applied.filter(({ kind }) => kind !== 'function_added').map(({ kind }) => kind)).toEqual([
      'table_added',
      'table_added',
    ]);
    expect(await schemaOfWarehouse(warehouse)).toEqual({ tables: [], views: [], functions: [] });
  });

  it('records who added what, when, and by which statement', async () => {
    await apply([before]);
    await apply([after]);
    const [change] = await warehouse.query(
      "SELECT * FROM nba_orchestration.schema_changes WHERE kind = 'column_added'",
    );
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
    await apply([after], [{ ...view, columns: columnNames(after) }]);
    expect(await warehouse.query('SELECT line_source FROM nba_predictions.outage_view')).toEqual([
      { line_source: null },
    ]);
  });

  it('replaces a view whose text changed, once', async () => {
    const narrow = {
      ...view,
      sql: 'SELECT r.prediction_id FROM nba_predictions.outage_rows r',
      columns: ['prediction_id'],
    };
    const other = { ...narrow, sql: `${narrow.sql} WHERE r.line > 0` };
    await apply([before], [narrow]);
    expect((await apply([before], [other])).applied.map(({ kind, table }) => [kind, table])).toEqual([
      ['view_text_changed', 'nba_predictions.outage_view'],
    ]);
    expect((await apply([before], [{ ...other, sql: other.sql.replaceAll(' ', '\n  ') }])).applied).toEqual(
      [],
    );
    await warehouse.append(before, [{ ...row, line: '-1' }]);
    expect(await warehouse.query('SELECT prediction_id FROM nba_predictions.outage_view')).toEqual([]);
  });

  it('leaves a view that would lose a column until the code that reads it is gone', async () => {
    await apply([before], [view]);
    const fewer = {
      ...view,
      sql: 'SELECT r.prediction_id, r.slate FROM nba_predictions.outage_rows r',
      columns: ['prediction_id', 'slate'],
    };
    const report = await apply([before], [fewer]);
    expect(report).toMatchObject({
      applied: [],
      left: [{ kind: 'view_columns_changed', direction: 'code_first' }],
    });
    const both = await apply(
      [before],
      [{ ...view, sql: 'SELECT r.slate AS day FROM nba_predictions.outage_rows r', columns: ['day'] }],
    );
    expect(both).toMatchObject({
      applied: [],
      refused: [{ kind: 'view_columns_changed', class: 'breaking' }],
    });
  });

  it('puts a function back that somebody replaced or dropped, and records it', async () => {
    await apply([before]);
    await native([
      'DROP MACRO fn.clamp',
      'CREATE OR REPLACE MACRO fn.dow(d) AS 0',
      "COMMENT ON MACRO fn.dow IS 'by hand'",
    ]);
    const report = await apply([before]);
    expect(report.applied.map(({ kind, table }) => [kind, table])).toEqual([
      ['function_added', 'fn.clamp'],
      ['function_body_changed', 'fn.dow'],
    ]);
    expect(
      await warehouse.query("SELECT fn.dow(DATE '2026-02-08') AS day, fn.clamp(5, 1, 3) AS held"),
    ).toEqual([{ day: 1, held: 3 }]);
    const rows = await warehouse.query(
      "SELECT statement FROM nba_orchestration.schema_changes WHERE table_id = 'fn.dow' ORDER BY applied_at",
    );
    expect(rows.at(-1)).toEqual({
      statement: expect.stringMatching(/^CREATE OR REPLACE MACRO fn\.dow\(d\) AS /),
    });
    expect((await apply([before])).applied).toEqual([]);
  });

  it('makes no function while one that is called would take other arguments', async () => {
    await apply([before]);
    await native(['DROP MACRO fn.clamp', 'DROP MACRO fn.dow', 'CREATE MACRO fn.dow(d, z) AS 0']);
    const usage = { ...NO_USAGE, readersOf: (id: string) => (id === 'fn.dow' ? ['export days'] : []) };
    const report = await apply([after], [], false, usage);
    expect(report.applied.map(({ kind }) => kind)).toEqual(['column_added']);
    expect(report.refused.map(({ kind, table }) => [kind, table])).toEqual([
      ['function_added', 'fn.clamp'],
      ['function_signature_changed', 'fn.dow'],
    ]);
    expect((await warehouse.listFunctions()).find(({ name }) => name === 'dow')?.parameters).toEqual([
      'd',
      'z',
    ]);
  });

  it('changes words and limits that get wider, and refuses one that would delete rows', async () => {
    const kept = {
      ...described,
      description: 'Other words',
      retentionDays: 30,
      partition: 'slate',
      partitionFilterRequired: true,
    } as const;
    const short = defineTable({ ...kept, columns: staged });
    await apply([short]);
    const wide = defineTable({
      ...kept,
      description: "The worker's rows",
      partitionFilterRequired: false,
      retentionDays: 60,
      columns: { ...staged, line: nullable.numeric('The line') },
    });
    expect((await apply([wide])).applied.map(({ kind, column }) => [kind, column])).toEqual([
      ['description_changed', null],
      ['description_changed', 'line'],
      ['partition_filter_changed', null],
      ['retention_changed', null],
    ]);
    expect((await apply([wide])).applied).toEqual([]);
    const report = await apply([short]);
    expect(report.refused).toMatchObject([
      {
        kind: 'retention_changed',
        fix: {
          bigquery: ['ALTER TABLE nba_predictions.outage_rows SET OPTIONS (partition_expiration_days = 30)'],
        },
      },
    ]);
    const [info] = await warehouse.listTables('nba_predictions', 'outage_rows');
    expect(info?.layout).toMatchObject({ retentionDays: 60, partitionFilterRequired: false });
  });

  it('refuses what is not additive with the plan, and adds the rest', async () => {
    await apply([before]);
    const retyped = defineTable({
      ...described,
      columns: { ...staged, line: nullable.string('Line'), extra: nullable.int('Extra') },
    });
    const report = await apply([retyped]);
    expect(report.applied.map(({ column }) => column)).toEqual(['extra']);
    expect(report.refused).toMatchObject([
      {
        kind: 'type_changed',
        column: 'line',
        fix: {
          bigquery: [
            "ALTER TABLE nba_predictions.outage_rows ADD COLUMN line_next STRING OPTIONS (description = 'Line')",
          ],
        },
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
    expect(report.left.map(({ kind, column }) => [kind, column])).toEqual([
      ['column_removed', 'line_source'],
    ]);
  });
});

describe('a snapshot', () => {
  it('does not depend on the order of tables and comes back as it was written', () => {
    const code = codeSchema();
    const files = schemaFiles(code, 'snapshot');
    expect(schemaFiles({ ...code, tables: [...code.tables].reverse() }, 'snapshot')).toEqual(files);
    expect(schemaFiles(readSchemaFiles(files, 'snapshot'), 'snapshot')).toEqual(files);
  });

  it('that was damaged is refused with the file and the field', () => {
    const [file] = schemaFiles(codeSchema(), 'snapshot');
    const text = file?.text.replace('"REQUIRED"', '"SOMETIMES"') ?? '';
    expect(() => readSchemaFiles([{ path: 'a.json', text }], 'snapshot')).toThrow(/a\.json.*\n?.*mode/s);
    expect(() => readSchemaFiles([{ path: 'a.json', text: '{' }], 'snapshot')).toThrow(/a\.json/);
  });
});
