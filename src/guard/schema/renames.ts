import type { SchemaColumn } from './model.ts';

/** Minimum share of equal parts (split at underscores) at which two names count as a rename. */
const SIMILAR = 0.5;

/**
 * Pairs removed columns with added ones that look like renames: same type, and the same description or names
 * that share at least half of their parts. A part that remaining columns have too names a family
 * (`pts_ewma4`, `reb_ewma4`) and does not count. Each column is in one pair at most, best matches first.
 */
export function pairRenames(
  removed: readonly SchemaColumn[],
  added: readonly SchemaColumn[],
  kept: readonly SchemaColumn[],
): (readonly [SchemaColumn, SchemaColumn])[] {
  const families = new Set(kept.flatMap(({ name }) => name.split('_')));
  const candidates = removed
    .flatMap((from) => added.map((to) => ({ from, to, score: similarity(from, to, families) })))
    .filter(({ score }) => score >= SIMILAR);
  const pairs: (readonly [SchemaColumn, SchemaColumn])[] = [];
  for (const { from, to } of candidates.sort((a, b) => b.score - a.score)) {
    if (!pairs.some(([a, b]) => a === from || b === to)) pairs.push([from, to]);
  }
  return pairs;
}

function similarity(from: SchemaColumn, to: SchemaColumn, families: ReadonlySet<string>): number {
  if (from.type !== to.type) return 0;
  if (from.description !== undefined && from.description !== '' && from.description === to.description)
    return 1;
  const [a, b] = [new Set(from.name.split('_')), new Set(to.name.split('_'))];
  return [...a].filter((part) => b.has(part) && !families.has(part)).length / Math.max(a.size, b.size);
}
