import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { startServing } from '#app/services/serve.ts';
import { shiftedClock } from '#platform/clock.ts';
import { type CloudState, openCloudState } from './cloud-state.ts';

// `serve` as the command line runs it, with its warehouse in a home and its batches and messages in emulators of the cloud.
const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    at: { type: 'string' },
    workers: { type: 'string' },
    cloud: { type: 'string' },
  },
});
const { home = '', at = '', workers = '0', cloud = '' } = values;
const log = (line: string): void => {
  process.stderr.write(line);
};
const clock = shiftedClock(at);
const stop = once(process, 'SIGTERM');
const app = await openApp(readConfig({ TIPOFF_HOME: home }), { command: 'serve', clock, write: log });
const { state, queue } = openCloudState(JSON.parse(cloud) as CloudState, clock);
const serving = await startServing(
  { ...app, state, queue },
  {
    roles: ['coordinator', 'worker'],
    workers: Number(workers),
    unitSize: 6,
    hostname: '127.0.0.1',
    port: 0,
    log,
  },
);
await stop;
await serving.drain();
await queue.close();
await state.close();
await app.close();
