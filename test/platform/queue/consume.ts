import { systemClock } from '#platform/clock.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';

/** Prints every body it acknowledges until the topic is empty; arguments: file, topic, lease in seconds, how many to hold for ever. */
const [path = '', topic = '', lease = '30', hold = '0'] = process.argv.slice(2);
const queue = openSqliteQueue(path, { clock: systemClock });
if (Number(hold) > 0) {
  const held = await queue.pull(topic, Number(hold), Number(lease));
  process.stdout.write(`holding ${held.length}\n`);
  // Waits to be killed; the runner ends it at the latest.
  await new Promise(() => setInterval(() => undefined, 1000));
}
while ((await queue.depth(topic)) > 0) {
  for (const delivery of await queue.pull(topic, 10, Number(lease))) {
    await delivery.ack();
    process.stdout.write(`${String(delivery.body)}\n`);
  }
}
await queue.close();
