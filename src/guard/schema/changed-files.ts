import type { CodeUsage } from './code-reading.ts';
import type { SchemaFinding } from './finding.ts';
import { contractSource, importsContract } from './provenance.ts';
import type { SourceFile } from './sql-catalogue.ts';

/** Findings about functions and views concern every change: their callers are found by name only. */
const SHARED = /^(?:function|view)_/;

/** A change: the paths of its files, and the tables whose contracts it alters. */
export interface ChangedFiles {
  readonly changed: readonly string[];
  readonly changedTables: readonly string[];
}

/**
 * Whether a change touches the subject of a finding: the contract of the table or a file it imports, a
 * statement that reads or writes the table (the column, where there is one), or code that works with rows of
 * the contract. In doubt the answer is yes: a finding left out here does not block the change.
 */
export function concernsChange(
  { changed, changedTables }: ChangedFiles,
  files: readonly SourceFile[],
  usage: CodeUsage,
): (finding: SchemaFinding) => boolean {
  const isChanged = (path: string): boolean => changed.includes(path);
  const byPath = new Map(files.map((file) => [file.path, file.text]));
  const changedSources = changed.map((path) => byPath.get(path) ?? '');
  return ({ table, column, kind }) => {
    if (SHARED.test(kind) || changedTables.includes(table)) return true;
    const contract = contractSource(table, files);
    if (contract !== undefined) {
      if (partsOf(contract.path, byPath).some(isChanged)) return true;
      if (changedSources.some((text) => importsContract(text, contract))) return true;
    }
    return usage.users(table, column).some(({ path }) => isChanged(path));
  };
}

/** A source file with everything it imports, transitively. */
function partsOf(path: string, byPath: ReadonlyMap<string, string>): string[] {
  const found = new Set([path]);
  for (const each of found) {
    const folder = each.slice(0, each.lastIndexOf('/'));
    for (const [, from = ''] of (byPath.get(each) ?? '').matchAll(/from '([^']+)'/g)) {
      if (from.startsWith('#')) found.add(`src/${from.slice(1)}`);
      else if (from.startsWith('.')) found.add(resolved(folder, from));
    }
  }
  return [...found];
}

function resolved(folder: string, from: string): string {
  const parts = folder.split('/');
  for (const part of from.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
