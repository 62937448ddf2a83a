import type { TableContract } from '#core/contracts/define.ts';
import { tableId } from '#core/contracts/define.ts';
import type { TableChange, TableLayout, TableRef } from '#platform/warehouse/port.ts';
import type { Session } from './session.ts';

/**
 * DuckDB has no partitions, clustering or retention. What a table was made with is kept in its comment as JSON, so that a
 * change of a contract shows on this engine as it would on the distributed one.
 */
interface Remembered extends TableLayout {
  readonly columns: Readonly<Record<string, string>>;
}

/** The statement that writes the layout of a contract into the comment of a table of its shape. */
export function layoutComment(table: TableContract, as: TableRef): string {
  return commentOn(as, {
    description: table.description,
    partition: table.partition ?? null,
    cluster: table.cluster ?? [],
    partitionFilterRequired: table.partitionFilterRequired === true,
    retentionDays: table.retentionDays ?? null,
    columns: Object.fromEntries(Object.entries(table.columns).map(([name, { description }]) => [name, description])),
  });
}

/** Adds the description of a new column to what is remembered; nothing when nothing is. */
export async function rememberColumn(session: Session, table: TableRef, name: string, description: string): Promise<void> {
  const known = (await remembered(session, table.dataset)).get(table.name);
  if (known !== undefined) await session.native(commentOn(table, { ...known, columns: { ...known.columns, [name]: description } }));
}

/** Changes what is remembered of a table; false when nothing is. */
export async function rememberChange(session: Session, table: TableRef, { columns, ...change }: TableChange): Promise<boolean> {
  const known = (await remembered(session, table.dataset)).get(table.name);
  if (known === undefined) return false;
  await session.native(commentOn(table, { ...known, ...change, columns: { ...known.columns, ...columns } }));
  return true;
}

/** The layouts of a dataset's tables by name; tables made before layouts were recorded are absent. */
export async function layouts(session: Session, dataset: string): Promise<ReadonlyMap<string, TableLayout>> {
  const known = await remembered(session, dataset);
  return new Map([...known].map(([name, { columns: _columns, ...layout }]) => [name, layout]));
}

/** The descriptions of a table's columns; empty when nothing is remembered. */
export async function columnDescriptions(session: Session, { dataset, name }: TableRef): Promise<Readonly<Record<string, string>>> {
  return (await remembered(session, dataset, name)).get(name)?.columns ?? {};
}

function commentOn(table: TableRef, layout: Remembered): string {
  return `COMMENT ON TABLE ${tableId(table)} IS '${JSON.stringify(layout).replaceAll("'", "''")}'`;
}

async function remembered(session: Session, dataset: string, name: string | null = null): Promise<ReadonlyMap<string, Remembered>> {
  const rows = await session.rows<{ table_name: string; comment: string }>(
    `SELECT table_name, comment FROM duckdb_tables()
     WHERE schema_name = @dataset AND comment IS NOT NULL AND table_name = COALESCE(@name, table_name)`,
    { dataset, name },
  );
  return new Map(
    rows.flatMap(({ table_name, comment: text }) => (text.startsWith('{') ? [[table_name, JSON.parse(text) as Remembered]] : [])),
  );
}
