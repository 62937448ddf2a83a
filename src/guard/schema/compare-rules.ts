import type { FindingDraft } from './finding.ts';
import type { SchemaColumn } from './model.ts';
import { NOTHING } from './statements.ts';

/**
 * Differences in what only contracts say of a column: who writes it, how it is rounded, which values are plausible. No
 * statement brings them about and no table knows them, so they are safe for the schema; they are told because people who
 * read the column should hear of them. What one side does not know is left out.
 */
export function rulesChanged(
  table: string,
  name: string,
  before: SchemaColumn,
  after: SchemaColumn,
): FindingDraft[] {
  const told = (
    kind: FindingDraft['kind'],
    from: string | null,
    to: string | null,
    message: string,
  ): FindingDraft[] =>
    from === to
      ? []
      : [
          {
            table,
            column: name,
            kind,
            class: 'safe',
            direction: 'either',
            before: from,
            after: to,
            fix: NOTHING,
            message,
          },
        ];
  const where = `${table}.${name}`;
  return [
    ...(before.writer === undefined || after.writer === undefined
      ? []
      : told(
          'writer_changed',
          before.writer,
          after.writer,
          `${where} is now written by ${after.writer} instead of ${before.writer}.`,
        )),
    ...(before.decimals === undefined || after.decimals === undefined
      ? []
      : told(
          'decimals_changed',
          textOf(before.decimals),
          textOf(after.decimals),
          `${where} is kept with ${textOf(after.decimals) ?? 'all'} decimals instead of ${textOf(before.decimals) ?? 'all'}: rows that stand keep theirs.`,
        )),
    ...(before.range === undefined || after.range === undefined
      ? []
      : told(
          'range_changed',
          between(before.range),
          between(after.range),
          `${where} is plausible ${between(after.range) ?? 'at any value'} instead of ${between(before.range) ?? 'at any value'}: the audit of its writer refuses what lies outside.`,
        )),
  ];
}

function textOf(value: number | null): string | null {
  return value === null ? null : String(value);
}

function between(range: readonly [number, number] | null): string | null {
  return range === null ? null : `from ${range[0]} to ${range[1]}`;
}
