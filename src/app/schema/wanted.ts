import { resolve } from 'node:path';
import { codeSchema } from '#guard/schema/code-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { readSchemaFiles, schemaFiles } from '#guard/schema/schema-files.ts';
import { type SourceFile, type SqlText, sqlCatalogue } from '#guard/schema/sql-catalogue.ts';
import { FOLDERS, repositoryRoot, requireSchemaFiles, staleSchemaFiles } from './repository.ts';
import { registeredStatements } from './statements.ts';

/** The schema that the code of a repository expects. */
export interface RepositorySchema {
  readonly wanted: Schema;
  /** The statements of its code. */
  readonly statements: readonly SqlText[];
  /** Paths of contract files in the repository that differ from the code. */
  readonly stale: readonly string[];
}

/**
 * For the repository of this code, the schema comes from the code itself, and its contract files are compared with it. Any other
 * repository is only read (its contract files and sources) and none of its code runs. Throws TIPOFF_NOT_FOUND when it has no
 * contracts.
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
