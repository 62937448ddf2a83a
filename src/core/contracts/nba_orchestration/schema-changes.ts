import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const schemaChanges = defineTable({
  dataset: 'nba_orchestration',
  name: 'schema_changes',
  description: 'What `schema apply` did to the warehouse, append-only: one row per statement that changed something.',
  columns: {
    change_id: required.string('Hash of run, finding and time'),
    run_id: required.string('Run that made the change'),
    applied_at: required.timestamp('When'),
    applied_by: required.string('Who: a command, a service or a person'),
    kind: required.string('table_added, column_added, view_added, view_columns_changed or view_text_changed'),
    table_id: required.string('dataset.table or dataset.view'),
    column_name: nullable.string('Column, for a column'),
    finding: required.string('Stable name of the change'),
    statement: required.string('The statement in the spelling of the engine'),
    engine: required.string('duckdb or bigquery'),
    code_version: required.string('Version of the code that wanted it'),
  },
  key: ['change_id'],
  partition: 'applied_at',
  writer: 'schema apply',
});
export type SchemaChange = RowOf<typeof schemaChanges>;
