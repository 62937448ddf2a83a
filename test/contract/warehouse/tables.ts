import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

/** A table with every column type, a two-column key and a rounded column, for the warehouse contract suite. */
export const everyType = defineTable({
  dataset: 'nba_raw',
  name: 'every_type',
  description: 'One column of every portable type',
  columns: {
    id: required.int('Row number'),
    slate: required.date('ET calendar date'),
    label: nullable.string('Free text'),
    amount: nullable.numeric('Exact decimal'),
    ratio: nullable.float('Full precision'),
    rounded: nullable.float('Kept at three decimals', { decimals: 3 }),
    flag: nullable.bool('True or false'),
    seen_at: nullable.timestamp('An instant'),
  },
  key: ['id', 'slate'],
  partition: 'slate',
  writer: 'contract suite',
});

/** A table whose key has a nullable column. */
export const nullableKey = defineTable({
  dataset: 'nba_raw',
  name: 'nullable_key',
  description: 'A key with a nullable part',
  columns: {
    id: required.int('Row number'),
    variant: nullable.string('Part of the key, may be null'),
    note: nullable.string('Free text'),
  },
  key: ['id', 'variant'],
  writer: 'contract suite',
});

/** A table whose key is one text. */
export const byText = defineTable({
  dataset: 'nba_raw',
  name: 'by_text',
  description: 'A key of one text',
  columns: {
    row_id: required.string('Row number'),
    note: nullable.string('Free text'),
    rounded: nullable.float('Kept at three decimals', { decimals: 3 }),
  },
  key: ['row_id'],
  writer: 'contract suite',
});

/** A table partitioned by an instant. */
export const byInstant = defineTable({
  dataset: 'nba_orchestration',
  name: 'by_instant',
  description: 'Partitioned by a timestamp',
  columns: { id: required.int('Row number'), seen_at: required.timestamp('An instant') },
  key: ['id'],
  partition: 'seen_at',
  writer: 'contract suite',
});

/** A row with a value in every column. */
export const fullRow = {
  id: 1,
  slate: '2025-01-02',
  label: "it's",
  amount: '24.5',
  ratio: 0.1,
  rounded: 1.235,
  flag: true,
  seen_at: '2025-01-02T23:30:00.123Z',
} as const satisfies RowOf<typeof everyType>;
