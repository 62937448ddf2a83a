import { TipoffError } from '#core/errors.ts';
import { meaningful, tokenise } from '#platform/warehouse/lint/vocabulary.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';

export interface QueryAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** True when the query gives more rows than were asked for. */
  readonly truncated: boolean;
}

/**
 * Runs a query of a person's own, at most `limit` rows of it. It is put into parentheses, where both engines take nothing but
 * a query; a statement that would close them, or a second one, is refused before. Throws TIPOFF_BAD_INPUT for anything that is
 * not one query, and what the engine says of its text as TIPOFF_SQL.
 */
export async function readQuery(warehouse: Warehouse, text: string, limit: number): Promise<QueryAnswer> {
  const sql = oneQuery(text);
  const rows = await warehouse.query<Row>(`SELECT * FROM (\n${sql}\n) LIMIT ${limit + 1}`);
  return {
    columns: Object.keys(rows[0] ?? {}),
    rows: rows.slice(0, limit),
    truncated: rows.length > limit,
  };
}

function oneQuery(text: string): string {
  const sql = text.trim().replace(/;\s*$/, '');
  const code = meaningful(tokenise(sql));
  let depth = 0;
  for (const token of code) {
    if (token.text === ';') throw notAQuery('one statement', 'a second one after a semicolon');
    if (token.kind === 'parameter') throw notAQuery('values in the text', `the parameter ${token.text}`);
    depth += token.text === '(' ? 1 : token.text === ')' ? -1 : 0;
    if (depth < 0) throw notAQuery('parentheses in pairs', 'one that closes nothing');
  }
  const first = code[0]?.upper ?? '';
  if (!['SELECT', 'WITH', '('].includes(first))
    throw notAQuery('it to begin with SELECT or WITH', first === '' ? 'nothing' : first);
  if (depth !== 0) throw notAQuery('parentheses in pairs', 'one that is not closed');
  return sql;
}

function notAQuery(expected: string, seen: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `a query to read: expected ${expected}, saw ${seen}`, {
    hint: 'For example: tipoff sql "SELECT game_id, home_abbr, away_abbr FROM nba_reference.schedule".',
  });
}
