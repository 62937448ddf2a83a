import { readSources, repositoryRoot } from '#app/schema/repository.ts';
import { registeredStatements } from '#app/schema/statements.ts';
import { type SourceFile, type SqlText, sqlCatalogue } from '#guard/schema/sql-catalogue.ts';

/** The sources of this repository. */
export function ownSources(): SourceFile[] {
  return readSources(repositoryRoot());
}

/** The statements of this repository, of its sources or of others. */
export function ownStatements(files: readonly SourceFile[] = ownSources()): SqlText[] {
  return sqlCatalogue(files, registeredStatements());
}
