import { readSources, repositoryRoot } from '#app/schema/repository.ts';
import type { SourceFile } from '#guard/schema/sql-catalogue.ts';

/** The sources of this repository. */
export function ownSources(): SourceFile[] {
  return readSources(repositoryRoot());
}
