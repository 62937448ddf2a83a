/**
 * Analyses every SQL statement of the code with ZetaSQL, the analyser that BigQuery is built on: names,
 * types, function arguments, columns of INSERT and MERGE, against the contracts. The analyser takes 340 MB
 * and is not a dependency; without it the check is skipped and says so. Usage: npm run check:zetasql --
 * [--from <folder in which @fivetrandevelopers/zetasql is installed>]
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSources, repositoryRoot } from '#app/schema/repository.ts';
import { registeredStatements } from '#app/schema/statements.ts';
import { withStaging } from '#guard/schema/code-reading.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { sqlCatalogue } from '#guard/schema/sql-catalogue.ts';
import { openAnalyser, type ZetaSqlPackage } from '#scripts/zetasql-analyser.ts';

const PACKAGE = '@fivetrandevelopers/zetasql';

/** Loads the analyser from a folder; undefined when it is not installed there. */
function installed(folder: string): ZetaSqlPackage | undefined {
  const require = createRequire(join(resolve(folder), 'package.json'));
  try {
    require.resolve(PACKAGE);
  } catch {
    return undefined;
  }
  return require(PACKAGE) as ZetaSqlPackage;
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const { values } = parseArgs({ options: { from: { type: 'string', default: repositoryRoot() } } });
const zetaSql = installed(values.from);
if (zetaSql === undefined) {
  say(`skipped: ${PACKAGE} is not installed in ${values.from}`);
} else {
  const statements = sqlCatalogue(readSources(repositoryRoot()), registeredStatements()).filter(
    ({ isWhole }) => isWhole,
  );
  const analyser = await openAnalyser(zetaSql, withStaging(codeSchema()));
  try {
    let refused = 0;
    for (const { sql, owner, path, line } of statements) {
      const problem = await analyser.problemOf(sql);
      if (problem === undefined) continue;
      refused++;
      say(`${path}:${line}  ${owner}: ${problem}`);
    }
    say(`${statements.length} statements, ${refused} refused`);
    // Finding no statements at all is a failure, not a pass.
    process.exitCode = refused > 0 || statements.length === 0 ? 1 : 0;
  } finally {
    analyser.close();
  }
}
