import { TipoffError } from '#core/errors.ts';
import { meaningful, tokenise } from '#platform/sql/port.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import type { SqlText } from './sql-catalogue.ts';

export interface DryRunReport {
  /** Number of statements tried. */
  readonly statements: number;
  /** Bytes they would read with every parameter null: a lower bound of what they cost. */
  readonly bytes: number;
  readonly refused: readonly {
    readonly owner: string;
    readonly path: string;
    readonly line: number;
    readonly message: string;
  }[];
}

/**
 * Dry-runs every whole statement. Undefined for an engine that has no dry runs. A refused statement is a
 * finding; a warehouse that does not answer throws.
 */
export async function dryRunStatements(
  { dryRun }: Pick<Warehouse, 'dryRun'>,
  texts: readonly SqlText[],
): Promise<DryRunReport | undefined> {
  if (dryRun === undefined) return undefined;
  const whole = texts.filter(({ isWhole }) => isWhole);
  const refused: DryRunReport['refused'][number][] = [];
  let bytes = 0;
  for (const { sql, owner, path, line } of whole) {
    try {
      bytes += (await dryRun(sql, withoutValues(sql))).bytes;
    } catch (error) {
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_SQL') throw error;
      refused.push({ owner, path, line, message: error.message });
    }
  }
  return { statements: whole.length, bytes, refused };
}

/** Null for every parameter of a statement, or the empty list where it expects a list. */
export function withoutValues(sql: string): SqlParams {
  const tokens = meaningful(tokenise(sql));
  return Object.fromEntries(
    tokens.flatMap(({ kind, text }, at) =>
      kind === 'parameter' ? [[text.slice(1), tokens[at - 2]?.upper === 'UNNEST' ? [] : null] as const] : [],
    ),
  );
}
