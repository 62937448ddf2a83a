import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serviceWorlds } from '#test/app/services/service-world.ts';
import { players } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { raceClients, raceProcesses } from './race-run.ts';

const world = serviceWorlds();

it('four processes that start one slate at once get one batch, and one of them may publish it', async () => {
  const folder = await temporaryFolder();
  try {
    expect(
      await raceProcesses({ path: join(folder.path, 'state.sqlite'), processes: 4, rounds: 10 }),
    ).toEqual([]);
  } finally {
    await folder.remove();
  }
  // Processes are started and raced.
}, 120_000);

it('eight clients that call /start at once get one batch, ten times over', async () => {
  const { call, runtime } = await world(players(3));
  for (let round = 0; round < 10; round++) {
    const problems = await raceClients(8, async () => {
      const { status, body } = await call('POST', '/start', { mode: 'FIRST' });
      return { status, batchId: body.batch_id ?? body.details?.batch_id };
    });
    expect(problems).toEqual([]);
    await runtime.idle();
    expect(
      (await call('POST', '/reset', { game_date: 'TODAY', reason: 'next round' })).body.results,
    ).toHaveLength(1);
  }
  // Ten rounds of eight clients and a batch each.
}, 60_000);
