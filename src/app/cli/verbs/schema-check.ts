import type { VerbContext } from '#app/cli/context.ts';
import { demandSchemaFiles, FOLDERS, readApprovals, readSources, repositoryRoot } from '#app/schema/repository.ts';
import { wantedBy } from '#app/schema/wanted.ts';
import { TipoffError } from '#core/errors.ts';
import { checkSchema } from '#guard/schema/check.ts';
import { differenceLines, summaryLine } from '#guard/schema/difference.ts';
import { type DryRunReport, dryRunStatements } from '#guard/schema/dry-run.ts';
import { differencesOf, noticesOf } from '#guard/schema/report.ts';
import { readSchemaFiles } from '#guard/schema/schema-files.ts';
import { type SourceFile, sqlCatalogue } from '#guard/schema/sql-catalogue.ts';
import { readLive, withLive } from './schema-live.ts';

export interface CheckOptions {
  readonly repository?: string;
  readonly offline?: boolean;
  readonly statements?: boolean;
}

/** `schema check`: prints what it found and says whether that is fine. */
export async function schemaCheck(context: VerbContext, options: CheckOptions): Promise<boolean> {
  const { terminal, clock } = context;
  const today = clock.now().toISOString().slice(0, 10);
  const root = options.repository ?? repositoryRoot();
  const isOffline = options.offline === true;
  const warehouse = isOffline
    ? readSchemaFiles(demandSchemaFiles(root, 'snapshot'), 'snapshot', `${FOLDERS.snapshot}/`)
    : await readLive(context, 'schema check');
  const { stale: _, ...code } = wantedBy(root);
  const files = readSources(root);
  const found = checkSchema({ ...code, warehouse, files, approvals: readApprovals(root, today), today });
  const differences = differencesOf(found, today, files, isOffline ? 'snapshot' : 'live schema');
  const notices = noticesOf(found);
  const tried = options.statements === true ? await dryRunLive(context, files) : null;
  const isFine = found.ok && (tried === null || tried.refused.length === 0);
  terminal.json({
    ok: isFine,
    against: isOffline ? 'snapshot' : 'live',
    differences,
    notices,
    statements: found.code.statements,
    whole_statements: found.code.wholeStatements,
    dry_run: tried,
  });
  // Offline the statements are those of the deployment; live they are those of the engine that was looked at.
  const engine = isOffline || context.config.profile === 'gcp' ? 'bigquery' : 'duckdb';
  for (const line of [...differenceLines(differences, engine), ...notices.map((notice) => `note: ${notice}`)]) terminal.line(line);
  if (tried !== null) {
    for (const { owner, path, line, message } of tried.refused) terminal.line(`REFUSED  ${owner}  (${path}:${line})\n  ${message}`);
    terminal.line(`${tried.statements} statements looked at, ${tried.refused.length} refused, ${tried.bytes} bytes at least.`);
  }
  if (isFine) {
    terminal.line(`The contracts and ${found.code.statements} SQL statements agree with the ${isOffline ? 'snapshot' : 'live schema'}.`);
  }
  if (!found.ok) terminal.line(summaryLine(differences));
  return isFine;
}

async function dryRunLive(context: VerbContext, files: readonly SourceFile[]): Promise<DryRunReport> {
  const report = await withLive(context, 'schema check', ({ warehouse }) => dryRunStatements(warehouse, sqlCatalogue(files)));
  if (report !== undefined) return report;
  throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --statements with BigQuery, saw the embedded warehouse, which has no dry run', {
    hint: 'Set TIPOFF_PROFILE=gcp, or leave --statements out: the tests plan every statement on DuckDB.',
  });
}
