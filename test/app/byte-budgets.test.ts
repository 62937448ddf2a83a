import { describe, expect, it } from 'vitest';
import { backfillDeps } from '#app/backfill.ts';
import { canaryDeps } from '#app/canaries.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { systemClock } from '#platform/clock.ts';
import type { SqlParams } from '#platform/warehouse/port.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const GCP = {
  TIPOFF_PROFILE: 'gcp',
  TIPOFF_GCP_PROJECT: 'my-forecasts',
  TIPOFF_GCP_BUCKET: 'my-forecasts-tipoff',
  TIPOFF_GCP_CANARY_BYTES: '1000',
  TIPOFF_GCP_BACKFILL_BYTES: '2000',
};

async function withApp(work: (app: App) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder();
  const app = await openApp(readConfig({ TIPOFF_HOME: folder.path }), {
    command: 'test',
    clock: systemClock,
    write: () => undefined,
  });
  try {
    await work(app);
  } finally {
    await app.close();
    await folder.remove();
  }
}

describe('the byte budgets of the configuration', () => {
  it('hold canaries and backfills where reading is billed, by what the engine says beforehand', () =>
    withApp(async (app) => {
      const asked: SqlParams[] = [];
      const dryRun = async (_sql: string, params: SqlParams = {}) => {
        asked.push(params);
        return { bytes: 77 };
      };
      const billed: App = { ...app, config: readConfig(GCP), warehouse: { ...app.warehouse, dryRun } };
      expect(canaryDeps(billed).budgetBytes).toBe(1000);
      const { budget } = await backfillDeps(billed, 'test');
      const range = { from: '2024-10-22', to: '2024-11-21' };
      expect(budget?.bytes).toBe(2000);
      expect(await budget?.estimate('SELECT 1 AS one', range)).toBe(77);
      expect(asked).toEqual([range]);
    }));

  it('hold nobody up where nothing is billed', () =>
    withApp(async (app) => {
      expect(canaryDeps(app).budgetBytes).toBeUndefined();
      expect((await backfillDeps(app, 'test')).budget).toBeUndefined();
    }));
});
