import { addDays, type Slate } from '#core/calendar.ts';
import { tableId } from '#core/contracts/define.ts';
import type { Damage } from './damage.ts';
import type { Delivery, FeedRow } from './feed.ts';
import { mutationLeague } from './world.ts';

export type Rows = readonly FeedRow[];
export type RowDamage = (rows: Rows, day: Slate) => Rows;

/** Damage of the rows of one raw table as they arrive. */
export function onFeed(table: string, change: RowDamage): Damage {
  return {
    touches: [table],
    feed: (sent, day) =>
      sent.flatMap((delivery): Delivery[] => {
        if (tableId(delivery.table) !== table) return [delivery];
        const rows = change(delivery.rows, day);
        return rows.length === 0 ? [] : [{ ...delivery, rows }];
      }),
  };
}

export const text = (row: FeedRow, name: string): string => String(row[name] ?? '');
/** A number between 0 and 99 that a row always has. */
function lot(row: FeedRow): number {
  const key = `${text(row, 'player_lookup')}${text(row, 'game_id')}${text(row, 'home_abbr')}${text(row, 'team_abbr')}${text(row, 'bookmaker')}${text(row, 'market')}`;
  let sum = 7;
  for (const char of key) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return sum % 100;
}
export const drop =
  (share: number): RowDamage =>
  (rows) =>
    rows.filter((row) => lot(row) >= share);
/** Drops the rows with the most frequent value of a column. */
export const dropOne =
  (column: string): RowDamage =>
  (rows) => {
    const counts = Map.groupBy(rows, (row) => text(row, column));
    const [most] = [...counts].sort((a, b) => b[1].length - a[1].length || a[0].localeCompare(b[0]));
    return rows.filter((row) => text(row, column) !== most?.[0]);
  };
export const change =
  (column: string, to: (value: FeedRow[string], row: FeedRow) => FeedRow[string]): RowDamage =>
  (rows) =>
    rows.map((row) =>
      row[column] === null || row[column] === undefined ? row : { ...row, [column]: to(row[column], row) },
    );
/** Multiplies a number, an exact decimal as well. */
export const times = (factor: number) => (value: FeedRow[string]) =>
  typeof value === 'string'
    ? String(Number(value) * factor)
    : typeof value === 'number'
      ? value * factor
      : value;
export const constant =
  (column: string): RowDamage =>
  (rows) => {
    const first = rows.find((row) => row[column] !== null)?.[column] ?? null;
    return rows.map((row) => (row[column] === null ? row : { ...row, [column]: first }));
  };
export const exchange =
  (a: string, b: string): RowDamage =>
  (rows) =>
    rows.map((row) => ({ ...row, [a]: row[b] ?? null, [b]: row[a] ?? null }));
/** Exchanges two values of some columns between rows: two teams, two players. */
export const exchangeValues =
  (by: string, columns: readonly string[]): RowDamage =>
  (rows) => {
    const values = [...new Set(rows.map((row) => text(row, by)))].sort();
    const [one, two] = [values[0], values[Math.floor(values.length / 2)]];
    const like = new Map([one, two].map((value) => [value, rows.find((row) => text(row, by) === value)]));
    return rows.map((row) => {
      const other = text(row, by) === one ? like.get(two) : text(row, by) === two ? like.get(one) : undefined;
      if (other === undefined) return row;
      return { ...row, ...Object.fromEntries(columns.map((name) => [name, other[name] ?? null])) };
    });
  };
export const shiftDays = (days: number) => (value: FeedRow[string]) =>
  typeof value === 'string' ? addDays(value as Slate, days) : value;
export const shiftHours = (hours: number) => (value: FeedRow[string]) =>
  typeof value === 'string' ? new Date(Date.parse(value) + hours * 3_600_000).toISOString() : value;
export const twice: RowDamage = (rows) => [...rows, ...rows];
export const conflicting =
  (column: string): RowDamage =>
  (rows, day) => [
    ...rows,
    ...change(column, (value) => (typeof value === 'string' ? String(Number(value) + 4) : Number(value) + 4))(
      rows,
      day,
    ),
  ];
/** The rows of the day before once more, instead of today's. */
export const stale =
  (table: string): RowDamage =>
  (rows, day) => {
    const own = mutationLeague().rows.find((entry) => tableId(entry.table) === table);
    const [yesterday, before] = [addDays(day, -1), addDays(day, -2)];
    const slates = new Set(rows.map((row) => text(row, 'slate')));
    const wanted = slates.has(day) ? yesterday : before;
    const columns = Object.keys(rows[0] ?? {});
    return ((own?.rows ?? []) as unknown as Rows)
      .filter((row) => row['slate'] === wanted)
      .map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null])));
  };
/** The same, dressed up as today's: dates and games are today's, values are not. */
export const relabelled: RowDamage = (rows) => {
  const sorted = [...rows];
  return sorted.map((row, i) => {
    const other = sorted[(i + Math.floor(sorted.length / 2)) % sorted.length] ?? row;
    const own = [
      'slate',
      'game_id',
      'player_id',
      'player_name',
      'player_lookup',
      'team_abbr',
      'opponent_abbr',
      'is_home',
      'home_abbr',
      'away_abbr',
      'commence_at',
      'event_id',
    ];
    return {
      ...other,
      ...Object.fromEntries(own.filter((name) => name in row).map((name) => [name, row[name] ?? null])),
    };
  });
};
