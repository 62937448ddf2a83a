/**
 * Calls a function for each item, at most `limit` of them at once, begun in their order, and gives the results in that order.
 * After a failure no other item is begun, those under way are waited for, and the first failure is thrown: nothing goes on
 * behind the caller's back.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const next = async (): Promise<void> => {
    for (const [i, item] of queue) {
      try {
        results[i] = await call(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, next));
  if (failures.length > 0) throw failures[0];
  return results;
}
