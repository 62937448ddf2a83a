/** What a fake BigQuery holds by way of structure. */
export interface FakeStructure {
  /** Tables and views by `dataset.table`, as the REST interface shows them. */
  readonly tables: Map<string, Record<string, unknown>>;
  /** Functions by name, as the REST interface shows them. */
  readonly routines: Map<string, Record<string, unknown>>;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  readonly description?: string;
}

/**
 * Does what the statements of the schema's life do to a structure: functions, views (whose columns are `fields`), added
 * columns, options. Anything else changes nothing. Throws for a statement that names a table which is not there.
 */
export function applyDdl(sql: string, { tables, routines }: FakeStructure, fields: readonly Field[]): void {
  const made = /^CREATE OR REPLACE FUNCTION fn\.(\w+)\(([^)]*)\) AS \(([\s\S]*)\)$/.exec(sql);
  if (made !== null) {
    const [, name = '', parameters = '', definitionBody = ''] = made;
    routines.set(name, {
      routineReference: { routineId: name },
      arguments: parameters.split(', ').map(argument),
      definitionBody,
    });
  }
  const view =
    /^CREATE OR REPLACE VIEW (\w+)\.(\w+) (?:OPTIONS \(labels = \[\('(\w+)', '(\w+)'\)\]\) )?AS ([\s\S]*)$/.exec(
      sql,
    );
  if (view !== null) {
    const [, datasetId = '', tableId = '', label, digest = '', query = ''] = view;
    const labels = label === undefined ? {} : { [label]: digest };
    // The engine may keep the text in other words.
    const kept = { query: query.toLowerCase() };
    tables.set(`${datasetId}.${tableId}`, {
      tableReference: { datasetId, tableId },
      type: 'VIEW',
      view: kept,
      labels,
      schema: { fields },
    });
  }
  const altered = /^ALTER TABLE (\w+\.\w+) ([\s\S]*)$/.exec(sql);
  if (altered !== null) alter(altered[1] ?? '', altered[2] ?? '', tables);
}

function argument(text: string): Record<string, unknown> {
  const [name, ...type] = text.split(' ');
  return type.join(' ') === 'ANY TYPE'
    ? { name, argumentKind: 'ANY_TYPE' }
    : { name, dataType: { typeKind: type.join(' ') } };
}

function alter(id: string, change: string, tables: FakeStructure['tables']): void {
  const table = tables.get(id) as { schema: { fields: Field[] }; timePartitioning?: object } | undefined;
  if (table === undefined) throw new Error(`Not found: Table p:${id}`);
  const column = /^ADD COLUMN IF NOT EXISTS (\w+) (\w+) OPTIONS \(description = '(.*)'\)$/.exec(change);
  if (column !== null) {
    const [, name = '', type = '', description = ''] = column;
    const field = { name, type, mode: 'NULLABLE', description: unescaped(description) };
    tables.set(id, { ...table, schema: { fields: [...table.schema.fields, field] } });
  }
  const described = /^ALTER COLUMN (\w+) SET OPTIONS \(description = '(.*)'\)$/.exec(change);
  if (described !== null) {
    const redescribed = (field: Field): Field =>
      field.name === described[1] ? { ...field, description: unescaped(described[2] ?? '') } : field;
    tables.set(id, { ...table, schema: { fields: table.schema.fields.map(redescribed) } });
  }
  const options = /^SET OPTIONS \((.*)\)$/.exec(change)?.[1] ?? '';
  const text = /\bdescription = '((?:[^'\\]|\\.)*)'/.exec(options)?.[1];
  const days = /\bpartition_expiration_days = (\w+)/.exec(options)?.[1];
  const filter = /\brequire_partition_filter = (\w+)/.exec(options)?.[1];
  if (options === '') return;
  tables.set(id, {
    ...table,
    ...(text === undefined ? {} : { description: unescaped(text) }),
    ...(filter === undefined ? {} : { requirePartitionFilter: filter === 'TRUE' }),
    ...(days === undefined
      ? {}
      : {
          timePartitioning: {
            ...table.timePartitioning,
            expirationMs: days === 'NULL' ? '0' : String(Number(days) * 86_400_000),
          },
        }),
  });
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
