import type { Column, TableContract } from '#core/contracts/define.ts';
import { provenance } from '#core/contracts/nba_raw.ts';
import type { InputFormat, ParsedFile } from '#pipeline/ingest/format.ts';
import {
  collectUnits,
  jsonOf,
  listIn,
  objectIn,
  parsedRow,
  requiredDate,
  requiredInstant,
  requiredText,
  textIn,
  unreadable,
} from '#pipeline/ingest/formats/fields.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import type { SimulatedLeague } from '#simulate/league.ts';

/** A row of a raw table before it is loaded, without provenance. */
export type FeedRow = Readonly<Record<string, string | number | boolean | null>>;

/** What one provider sends at one instant about one raw table. */
export interface Delivery {
  readonly table: TableContract;
  readonly rows: readonly FeedRow[];
}

/** The columns a feed of a table sends. */
function feedColumns(table: TableContract): [string, Column][] {
  return Object.entries(table.columns).filter(([name]) => !(name in provenance));
}

/** What becomes known of a league in (since, until], table by table. */
export function deliveries(league: SimulatedLeague, since: string, until: string): Delivery[] {
  return league.rows.flatMap(({ table, rows }) => {
    const columns = feedColumns(table).map(([name]) => name);
    const news = (rows as readonly FeedRow[]).filter((row) => {
      const at = String(row['ingested_at']);
      return at > since && at <= until;
    });
    if (news.length === 0) return [];
    return [
      {
        table,
        rows: news.map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null]))),
      },
    ];
  });
}

/** The bytes of a delivery: a JSON document that names its table. */
export function encode({ table, rows }: Delivery): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ feed: 'simulated', table: table.name, rows }));
}

/**
 * The feed of the simulated league. It reads as strictly as the formats of providers do, field by field, and knows nothing of
 * what a value should be beyond its type: ranges and identities are the contracts' part.
 */
export function leagueFeed(tables: readonly TableContract[]): InputFormat {
  return {
    id: 'simulated',
    description: 'the simulated league, one table of one load',
    recognise: (_path, head) => /^\s*\{"feed":"simulated"/.test(head),
    parse: (file) => {
      const payload = objectIn(jsonOf(file));
      const table = tables.find(({ name }) => name === textIn(payload['table']));
      if (table === undefined) throw unreadable(file, 'the name of a raw table', textIn(payload['table']));
      return readRows(table, listIn(payload['rows']).map(objectIn));
    },
  };
}

function readRows(table: TableContract, rows: readonly Readonly<Record<string, unknown>>[]): ParsedFile {
  const columns = feedColumns(table);
  const units = collectUnits();
  rows.forEach((row, index) => {
    units.unit(
      index + 1,
      () => JSON.stringify(row),
      () =>
        parsedRow(
          table,
          Object.fromEntries(columns.map(([name, column]) => [name, read(name, column, row[name])])),
          index + 1,
        ),
    );
  });
  return units.result();
}

function read(field: string, column: Column, value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) {
    if (column.required)
      throw new RowRejection(field, 'missing_field', `expected a value in ${field}, saw nothing`);
    return null;
  }
  switch (column.type) {
    case 'INT64':
    case 'FLOAT64': {
      const isNumber = typeof value === 'number' && (column.type === 'FLOAT64' || Number.isInteger(value));
      if (!isNumber)
        throw new RowRejection(
          field,
          'bad_number',
          `expected a number in ${field}, saw ${JSON.stringify(value)}`,
        );
      return value;
    }
    case 'BOOL':
      if (typeof value !== 'boolean')
        throw new RowRejection(
          field,
          'bad_status',
          `expected true or false in ${field}, saw ${JSON.stringify(value)}`,
        );
      return value;
    case 'NUMERIC':
      if (typeof value !== 'string' || !/^-?\d+(?:\.\d+)?$/.test(value))
        throw new RowRejection(
          field,
          'bad_line',
          `expected a decimal in ${field}, saw ${JSON.stringify(value)}`,
        );
      return value;
    case 'DATE': {
      const [year = '', month = '', day = ''] = textIn(value).split('-');
      return requiredDate(field, year, month, day);
    }
    case 'TIMESTAMP':
      return requiredInstant(field, textIn(value));
    default:
      return requiredText(field, typeof value === 'string' ? value : '');
  }
}
