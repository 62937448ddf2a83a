import { systemClock } from '#platform/clock.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';

/** Adds 1 to one document, `times` times, and to a log document of its own; arguments: file, times, name. */
const [path = '', times = '0', name = ''] = process.argv.slice(2);
const store = openSqliteState(path, { clock: systemClock });
let created = 0;
for (let i = 0; i < Number(times); i++) {
  await store.transaction(async (tx) => {
    const total = (await tx.get<{ n: number }>('counter', 'total'))?.data.n ?? 0;
    const own = await tx.list<{ n: number }>('counter', { idPrefix: `by:${name}` });
    tx.put('counter', 'total', { n: total + 1 });
    tx.put('counter', `by:${name}`, { n: (own[0]?.data.n ?? 0) + 1 });
  });
  if (await store.create('claims', `claim:${i}`, { by: name })) created += 1;
}
await store.close();
process.stdout.write(`${created}\n`);
