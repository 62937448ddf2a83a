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

/**
 * Reads something for each item, in their order, and always one further than was asked for: while the caller works on the one,
 * the next is under way. A failure is thrown when its turn comes.
 */
export async function* readAhead<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begin = (index: number): Promise<R> | undefined => {
    const item = items[index];
    const reading = item === undefined ? undefined : read(item);
    // Nobody listens to one that is not asked for any more.
    reading?.catch(() => undefined);
    return reading;
  };
  let next = begin(0);
  for (let index = 1; next !== undefined; index++) {
    const reading: R = await next;
    next = begin(index);
    yield reading;
  }
}
