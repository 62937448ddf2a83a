/**
 * A second opinion on every SQL statement of the code: sqlglot (PyPI) parses it as BigQuery SQL, resolves its
 * tables and columns in the contracts, and looks for joins and subqueries that BigQuery refuses or DuckDB does pair by pair. Two parsers
 * seldom share a blind spot. sqlglot is not a dependency; without it the check is skipped and says so. Usage:
 * npm run check:sqlglot -- [--python <a Python that has sqlglot>]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readSources, repositoryRoot } from '#app/schema/repository.ts';
import { registeredStatements } from '#app/schema/statements.ts';
import { withStaging } from '#guard/schema/code-reading.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { sqlCatalogue } from '#guard/schema/sql-catalogue.ts';

/** Statements that nobody should write, each with the problem the check must report: missing one means the check is broken. */
const PLANTED: readonly (readonly [sql: string, problem: RegExp])[] = [
  ['SELECT player_id FROM nba_reference.players WHERE', /does not parse/],
  ['SELECT p.player_id FROM nba_reference.people p', /names nba_reference.people/],
  ['SELECT p.player_id, p.mood FROM nba_reference.players p', /columns: .*mood/],
  [
    'SELECT p.player_id FROM nba_reference.players p LEFT JOIN nba_reference.schedule s ON s.home_abbr = p.team_abbr AND NOT EXISTS (SELECT 1 FROM nba_reference.players o WHERE o.player_id = p.player_id)',
    /subquery over a table in a join condition/,
  ],
  [
    'SELECT p.player_id FROM nba_reference.players p LEFT JOIN nba_reference.schedule s ON s.home_abbr = p.team_abbr OR ENDS_WITH(s.home_abbr, p.team_abbr)',
    /outer join without an equality/,
  ],
  [
    'SELECT p.player_id FROM nba_reference.players p LEFT JOIN nba_reference.schedule s ON s.home_abbr = p.team_abbr AND (s.away_abbr IS NULL OR s.away_abbr > p.player_name)',
    /an OR over both sides/,
  ],
  [
    'SELECT p.player_id, (SELECT s.slate FROM nba_reference.schedule s WHERE s.home_abbr = p.team_abbr ORDER BY s.slate LIMIT 1) AS next FROM nba_analytics.player_game_summary p',
    /looks at the row outside and has a LIMIT/,
  ],
  [
    'SELECT player_id FROM nba_analytics.player_game_summary p WHERE EXISTS (SELECT 1 FROM nba_reference.schedule s WHERE s.slate > p.slate)',
    /looks at the row outside without an equality/,
  ],
];

const answer = z.object({
  read: z.number(),
  problems: z.array(z.object({ where: z.string(), problem: z.string() })),
});
const planted = (i: number): string => `planted ${i + 1}`;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } });
if (spawnSync(values.python, ['-c', 'import sqlglot']).status !== 0) {
  say(`skipped: ${values.python} has no sqlglot`);
} else {
  const { tables, views } = withStaging(codeSchema());
  const statements = sqlCatalogue(readSources(repositoryRoot()), registeredStatements())
    .filter(({ isWhole }) => isWhole)
    .map(({ sql, owner, path, line }) => ({ where: `${path}:${line}  ${owner}`, sql }));
  const input = JSON.stringify({
    tables: Object.fromEntries([
      ...tables.map(({ id, columns }) => [
        id,
        Object.fromEntries(columns.map(({ name, type }) => [name, type])),
      ]),
      ...views.map(({ id, columns }) => [id, Object.fromEntries(columns.map((name) => [name, 'STRING']))]),
    ]),
    statements: [...statements, ...PLANTED.map(([sql], i) => ({ where: planted(i), sql }))],
  });
  const script = join(import.meta.dirname, 'sqlglot/check.py');
  const { status, stdout, stderr } = spawnSync(values.python, [script], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
  const { read, problems } = answer.parse(JSON.parse(stdout));
  const missed = PLANTED.filter(
    ([, words], i) => !problems.some(({ where, problem }) => where === planted(i) && words.test(problem)),
  );
  for (const [sql, words] of missed) say(`expected ${words} of ${sql}, saw nothing`);
  const found = problems.filter(({ where }) => !where.startsWith('planted '));
  for (const { where, problem } of found) say(`${where}: ${problem}`);
  say(
    `${read - PLANTED.length} statements, ${found.length} problems; ${PLANTED.length - missed.length} of ${PLANTED.length} planted ones found`,
  );
  process.exitCode = found.length + missed.length > 0 || statements.length === 0 ? 1 : 0;
}
