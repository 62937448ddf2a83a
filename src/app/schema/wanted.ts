import { resolve } from 'node:path';
import { codeSchema } from '#guard/schema/code-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { readSchemaFiles, schemaFiles } from '#guard/schema/schema-files.ts';
import { type SourceFile, type SqlText, sqlCatalogue } from '#guard/schema/sql-catalogue.ts';
import { FOLDERS, repositoryRoot, requireSchemaFiles, staleSchemaFiles } from './repository.ts';
import { registeredStatements } from './statements.ts';

/** What the code of a repository wants the warehouse to be. */
export interface RepositorySchema {
  readonly wanted: Schema;
  /** The statements of its code. */
  readonly statements: readonly SqlText[];
  /** Contract files, by their paths in the repository, that do not say what the code says. */
  readonly stale: readonly string[];
}

/**
 * For the repository this code lies in, the code itself is asked, and its contract files are compared with it. Another
 * repository is read as files, its contracts and its sources: nothing of it runs. Throws TIPOFF_NOT_FOUND when that one has none.
 */
export function schemaOfRepository(root: string, files: readonly SourceFile[]): RepositorySchema {
  if (resolve(root) !== resolve(repositoryRoot())) {
    return {
      wanted: readSchemaFiles(requireSchemaFiles(root, 'contracts'), 'contracts', `${FOLDERS.contracts}/`),
      statements: sqlCatalogue(files, []),
      stale: [],
    };
  }
  const wanted = codeSchema();
  const stale = staleSchemaFiles(root, 'contracts', schemaFiles(wanted, 'contracts'));
  return {
    wanted,
    statements: sqlCatalogue(files, registeredStatements()),
    stale: stale.map((path) => `${FOLDERS.contracts}/${path}`),
  };
}
