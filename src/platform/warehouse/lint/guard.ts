import { TipoffError } from '#core/errors.ts';
import { lintSql } from '#platform/warehouse/sql-lint.ts';

const REMEMBERED_TEXTS = 1000;
/** Names of tables that differ from batch to batch in statements that are otherwise the same. */
const STAGING_TABLE = /\b_staging_\w+/g;

/**
 * A check that refuses text outside of the portable subset with TIPOFF_SQL, all problems in `details.problems`. Clean
 * texts are remembered, so that a statement is read once however often it runs, also over other staging tables.
 */
export function portabilityGuard(): (sql: string) => void {
  const clean = new Set<string>();
  return (sql) => {
    const shape = sql.replaceAll(STAGING_TABLE, '_staging_');
    if (clean.has(shape)) return;
    const problems = lintSql(sql);
    if (problems.length > 0) {
      const list = problems.map((p) => `line ${p.line}, ${p.rule}: ${p.message} (near: ${p.excerpt})`);
      throw new TipoffError('TIPOFF_SQL', `the statement is outside of the portable subset: ${list.join('; ')}`, {
        hint: 'Write it in SQL that both engines read alike; what they spell differently is in the fn library.',
        details: { problems, statement: sql.slice(0, 400) },
      });
    }
    if (clean.size >= REMEMBERED_TEXTS) clean.clear();
    clean.add(shape);
  };
}
