import { expect, it, onTestFinished } from 'vitest';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { virtualClock } from '#platform/clock.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

it('dates what is staged by the clock that the cleanup goes by', async () => {
  const folder = await temporaryFolder();
  onTestFinished(folder.remove);
  const clock = virtualClock('2025-01-10T13:00:00.000Z');
  const app = await openApp(readConfig({ TIPOFF_HOME: folder.path }), {
    command: 'test',
    clock,
    write: () => undefined,
  });
  try {
    await app.warehouse.createTable(stagedPredictions, { dataset: 'nba_predictions', name: '_staging_one' });
    expect(await app.warehouse.listTables('nba_predictions', '_staging_')).toMatchObject([
      { createdAt: '2025-01-10T13:00:00.000Z' },
    ]);
  } finally {
    await app.close();
  }
});
