/** How many items there are under each key, in the order in which the keys first occur. Items with an undefined key are left out. */
export function countBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K | undefined): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
