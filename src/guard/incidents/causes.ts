import { type CheckResult, isFailing } from './input.ts';

/**
 * Which failing check explains which, within one run: `effect -> cause`. A check that failed in a phase on which another
 * one depends, directly or through others, is its cause, and the cause that itself has none is named. Two checks that
 * depend on each other's phases explain nothing. A check of mere information is no cause: nobody is told of it.
 */
export function causesOf(results: readonly CheckResult[]): Map<string, string> {
  const upstream = dependencies(results);
  const failing = results.filter(isFailing);
  const explains = (cause: CheckResult, effect: CheckResult): boolean =>
    cause.severity !== 'info' &&
    cause.phase !== effect.phase &&
    reach(effect, upstream).has(cause.phase) &&
    !reach(cause, upstream).has(effect.phase);
  const isRoot = (result: CheckResult): boolean => !failing.some((other) => explains(other, result));
  const roots = failing.filter(isRoot).toSorted(worstFirst);
  const found = new Map<string, string>();
  for (const effect of failing) {
    if (isRoot(effect)) continue;
    const cause = roots.find((root) => explains(root, effect));
    if (cause !== undefined) found.set(effect.canary_id, cause.canary_id);
  }
  return found;
}

/** Phases that each phase depends on, as all checks together say; health counts as much as failure. */
function dependencies(results: readonly CheckResult[]): Map<string, Set<string>> {
  const upstream = new Map<string, Set<string>>();
  for (const { phase, depends_on } of results) upstream.set(phase, new Set([...(upstream.get(phase) ?? []), ...depends_on]));
  return upstream;
}

/** Everything a check depends on, near and far. */
function reach(result: CheckResult, upstream: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const seen = new Set<string>();
  const open = [...result.depends_on];
  for (let phase = open.pop(); phase !== undefined; phase = open.pop()) {
    if (seen.has(phase)) continue;
    seen.add(phase);
    open.push(...(upstream.get(phase) ?? []));
  }
  return seen;
}

const ORDER = { critical: 0, warning: 1, info: 2 } as const;

function worstFirst(a: CheckResult, b: CheckResult): number {
  return ORDER[a.severity] - ORDER[b.severity] || a.canary_id.localeCompare(b.canary_id);
}
