import type { SchemaColumn } from './model.ts';

/** Share of equal parts of two names (split at underscores) from which on they count as one name spelt twice. */
const SIMILAR = 0.5;

/**
 * Pairs columns that left with columns that came when they look like one column under two names: same type, and the same
 * description or names that share at least half of their parts. A part that columns which stay have too names a family
 * (`pts_ewma4`, `reb_ewma4`) and says nothing. Each column is in one pair at most, best matches first.
 */
export function pairRenames(
  removed: readonly SchemaColumn[],
  added: readonly SchemaColumn[],
  kept: readonly SchemaColumn[],
): (readonly [SchemaColumn, SchemaColumn])[] {
  const families = new Set(kept.flatMap(({ name }) => name.split('_')));
  const candidates = removed
    .flatMap((from) => added.map((to) => ({ from, to, score: likeness(from, to, families) })))
    .filter(({ score }) => score >= SIMILAR);
  const pairs: (readonly [SchemaColumn, SchemaColumn])[] = [];
  for (const { from, to } of candidates.sort((a, b) => b.score - a.score)) {
    if (!pairs.some(([a, b]) => a === from || b === to)) pairs.push([from, to]);
  }
  return pairs;
}

function likeness(from: SchemaColumn, to: SchemaColumn, families: ReadonlySet<string>): number {
  if (from.type !== to.type) return 0;
  if (from.description !== undefined && from.description !== '' && from.description === to.description)
    return 1;
  const [a, b] = [new Set(from.name.split('_')), new Set(to.name.split('_'))];
  return [...a].filter((part) => b.has(part) && !families.has(part)).length / Math.max(a.size, b.size);
}
