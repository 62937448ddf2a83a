import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ACCOUNTS, type Account } from '#scripts/provision/installation.ts';
import { strictFront } from '#test/fakes/front/front.ts';
import { startEmulators } from './emulators.ts';

/**
 * Starts the emulators behind the strict front and leaves, for each account of an installation, a file of variables to run
 * a command with; then writes every request and refusal to `requests.ndjson` until it is ended.
 * Usage: npm run front -- --folder FOLDER [--python /path/to/python] [--project ID]
 */

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    project: { type: 'string', default: 'tipoff-strict' },
  },
});
const { folder } = values;
if (folder === undefined) throw new Error('expected --folder, saw none');
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const { at } = await startEmulators(['firestore', 'pubsub', 'bigquery'], { python: values.python, say });
const [[bigquery], [firestore], [pubsub]] = [at.bigquery, at.firestore, at.pubsub];
if (bigquery === undefined || firestore === undefined || pubsub === undefined)
  throw new Error('expected all three emulators, see above');
const front = await strictFront({ bigquery, firestore, pubsub }, { project: values.project });
for (const account of Object.keys(ACCOUNTS) as Account[]) {
  const lines = Object.entries(await front.as(account)).map(([name, value]) => `export ${name}=${value}`);
  writeFileSync(join(folder, `${account}.env`), `${lines.join('\n')}\n`);
}
say(`variables in ${folder}/<account>.env`);
for (let written = 0; ; await pause(500)) {
  const fresh = front.asked.slice(written);
  written += fresh.length;
  for (const one of fresh)
    writeFileSync(join(folder, 'requests.ndjson'), `${JSON.stringify(one)}\n`, { flag: 'a' });
}
