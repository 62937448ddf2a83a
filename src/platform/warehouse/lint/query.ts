import { meaningful, tokenise } from './vocabulary.ts';

/**
 * Why a text is not one query that can be put into parentheses, where both engines take nothing but a query; undefined when it
 * is one. A statement that would close the parentheses, or a second one after a semicolon, is none.
 */
export function queryProblem(sql: string): { readonly expected: string; readonly seen: string } | undefined {
  const code = meaningful(tokenise(sql));
  let depth = 0;
  for (const { text } of code) {
    if (text === ';') return { expected: 'one statement', seen: 'a second one after a semicolon' };
    depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    if (depth < 0) return { expected: 'parentheses in pairs', seen: 'one that closes nothing' };
  }
  const first = code[0]?.upper ?? '';
  if (!['SELECT', 'WITH', '('].includes(first))
    return { expected: 'it to begin with SELECT or WITH', seen: first === '' ? 'nothing' : first };
  return depth === 0 ? undefined : { expected: 'parentheses in pairs', seen: 'one that is not closed' };
}
