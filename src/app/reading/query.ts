import { TipoffError } from '#core/errors.ts';
import { queryProblem } from '#platform/warehouse/lint/query.ts';
import { meaningful, tokenise } from '#platform/warehouse/lint/vocabulary.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';

export interface QueryAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** True when the query has more rows than the limit. */
  readonly truncated: boolean;
}

/**
 * Runs a user's query and returns at most `limit` rows. The query is wrapped in parentheses, within which both engines accept
 * only a query; text that would close them, or a second statement, is refused beforehand. Throws TIPOFF_BAD_INPUT for anything
 * but a single query, and TIPOFF_SQL with the engine's message about its text.
 */
export async function readQuery(warehouse: Warehouse, text: string, limit: number): Promise<QueryAnswer> {
  const sql = oneQuery(text);
  const rows = await warehouse
    .query<Row>(`SELECT * FROM (\n${sql}\n) LIMIT ${limit + 1}`)
    .catch((error: unknown) => {
      throw toldToPerson(error);
    });
  return {
    columns: Object.keys(rows[0] ?? {}),
    rows: rows.slice(0, limit),
    truncated: rows.length > limit,
  };
}

/** The engine's error about a user's query, with a hint that fits a statement the user wrote. */
function toldToPerson(error: unknown): unknown {
  if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_SQL' || error.transient) return error;
  return new TipoffError('TIPOFF_SQL', error.message, {
    hint: 'Correct the query: src/README.md lists the tables, and `tipoff sql "SELECT * FROM nba_reference.schedule"` shows the columns of one.',
    cause: error,
  });
}

function oneQuery(text: string): string {
  const sql = text.trim().replace(/;\s*$/, '');
  const parameter = meaningful(tokenise(sql)).find(({ kind }) => kind === 'parameter');
  const problem =
    parameter === undefined
      ? queryProblem(sql)
      : { expected: 'values in the text', seen: `the parameter ${parameter.text}` };
  if (problem === undefined) return sql;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `a query to read: expected ${problem.expected}, saw ${problem.seen}`,
    { hint: 'For example: tipoff sql "SELECT game_id, home_abbr, away_abbr FROM nba_reference.schedule".' },
  );
}
