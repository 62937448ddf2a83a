import { meaningful, type SqlToken, tokenise } from '#platform/sql/port.ts';
import { byText } from './model.ts';
import { closing } from './statement-parts.ts';

/** The target table of a DML statement and the columns it writes: the list of INSERT, the left sides of SET. */
export function writesOf(
  sql: string,
): { readonly table: string; readonly columns: readonly string[] } | undefined {
  const target = /^\s*(?:INSERT\s+INTO|UPDATE|MERGE\s+INTO)\s+(\w+\.\w+)/i.exec(sql)?.[1];
  if (target === undefined) return undefined;
  const tokens = meaningful(tokenise(sql));
  const columns = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    const inserts = token.upper === 'INSERT' && tokens[at + 1]?.upper === 'INTO' ? at + 5 : at + 1;
    if (token.upper === 'INSERT' && tokens[inserts]?.text === '(')
      for (const each of tokens.slice(inserts, closing(tokens, inserts)))
        if (each.kind === 'word') columns.add(each.text.toLowerCase());
    if (token.upper === 'SET') for (const name of assignedColumns(tokens, at + 1)) columns.add(name);
  }
  return { table: target.toLowerCase(), columns: [...columns].sort(byText) };
}

/** `WHEN [NOT] MATCHED`, not the WHEN of a CASE. */
function isWhenClause(tokens: readonly SqlToken[], at: number): boolean {
  return tokens[at]?.upper === 'WHEN' && /^(?:NOT|MATCHED)$/.test(tokens[at + 1]?.upper ?? '');
}

/** Whether a statement only writes a column of its target and never reads it. */
export function onlyWrites(sql: string, id: string, column: string): boolean {
  const writes = writesOf(sql);
  if (writes?.table !== id || !writes.columns.includes(column)) return false;
  const count = (name: string): number => sql.match(new RegExp(`\\b${name}\\b`, 'gi'))?.length ?? 0;
  return count(column) === 1 || (/^\s*INSERT\b/i.test(sql) && count(id.replace('.', '\\.')) === 1);
}

/** Column names on the left of a list of assignments. */
function assignedColumns(tokens: readonly SqlToken[], from: number): string[] {
  const names: string[] = [];
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.text === '(') at = closing(tokens, at);
    else if (/^(?:WHERE|FROM)$/.test(token?.upper ?? '') || isWhenClause(tokens, at)) return names;
    else if (token?.text === '=' && /^(?:SET|,)$/.test(tokens[at - 2]?.upper ?? ''))
      names.push(tokens[at - 1]?.text.toLowerCase() ?? '');
  }
  return names;
}
