import { expect, it, onTestFinished } from 'vitest';
import { backfillDeps } from '#app/backfill.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { batchDeps, dayDeps } from '#app/day.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { virtualClock } from '#platform/clock.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const clock = virtualClock('2025-01-10T13:00:00.000Z');

/** An app over a home of its own, closed and removed after the test. */
async function emptyApp(): Promise<App> {
  const folder = await temporaryFolder();
  onTestFinished(folder.remove);
  const config = readConfig({ TIPOFF_HOME: folder.path });
  const app = await openApp(config, { command: 'test', clock, write: () => undefined });
  onTestFinished(() => app.close());
  return app;
}

it('dates what is staged by the clock that the cleanup goes by', async () => {
  const app = await emptyApp();
  await app.warehouse.createTable(stagedPredictions, { dataset: 'nba_predictions', name: '_staging_one' });
  expect(await app.warehouse.listTables('nba_predictions', '_staging_')).toMatchObject([
    { createdAt: '2025-01-10T13:00:00.000Z' },
  ]);
});

it.each([
  ['day', dayDeps],
  ['batch', batchDeps],
  ['backfill', backfillDeps],
])('lets no %s begin on the tables of an earlier version, and says what to do', async (_what, depsOf) => {
  const app = await emptyApp();
  await expect(depsOf(app, 'test')).resolves.toBeDefined();
  await app.warehouse.execute('ALTER TABLE nba_predictions.publications DROP COLUMN rows_digest');
  await expect(depsOf(app, 'test')).rejects.toMatchObject({
    code: 'TIPOFF_SCHEMA_MISMATCH',
    message: expect.stringContaining('nba_predictions.publications lacks rows_digest'),
    hint: expect.stringContaining('tipoff schema apply'),
  });
});
