/**
 * Calls a function for each item, with at most `limit` calls in flight, and returns the results in the order of the items.
 * After a failure no further call starts; the calls in flight are awaited before the first failure is thrown, so nothing is
 * left running in the background.
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
 * Reads something for each item, in order, always one item ahead: while the caller works on one result, the next is being
 * read. A failure is thrown when its result is requested.
 */
export async function* readAhead<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begin = (index: number): Promise<R> | undefined => {
    const item = items[index];
    const reading = item === undefined ? undefined : read(item);
    // A caller that stops early never awaits the read ahead: its failure must not become an unhandled rejection.
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
