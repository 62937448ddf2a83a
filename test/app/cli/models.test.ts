import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '#app/cli/program.ts';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { trainDeps } from '#app/day.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { modelOf } from '#model/artefact.ts';
import { loadModel } from '#model/registry.ts';
import { registerTrained } from '#model/train-run.ts';
import { systemClock } from '#platform/clock.ts';
import { storeSet } from '#test/model/feature-rows.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';

// Models of eleven markets are trained, and one is judged twice, verb by verb.
vi.setConfig({ testTimeout: 60_000 });

const AT = '2024-01-04T12:00:00Z';

describe('a model on its way', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let letGo: () => void;
  beforeAll(async () => {
    folder = await temporaryFolder();
    letGo = await holdWarehouse(folder.path);
    const app = await opened();
    await storeSet(
      app.warehouse,
      syntheticSet({ from: '2023-10-24', slates: 72, rowsPerSlate: 26, lined: 0.5 }),
    );
    await app.close();
  });
  afterAll(async () => {
    letGo();
    await folder.remove();
  });

  const opened = () =>
    openApp(readConfig({ TIPOFF_HOME: folder.path }), {
      command: 'test',
      clock: systemClock,
      write: () => undefined,
    });
  const tipoff = async (...args: string[]) => {
    const said = { out: '', err: '' };
    const code = await main([...args, '--at', AT, '--home', folder.path], {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
    });
    return { code, ...said };
  };
  const trained = async (cutoff: string): Promise<string> => {
    const { code, out, err } = await tipoff('train', '--cutoff', cutoff);
    expect(err).toBe('');
    expect(code).toBe(0);
    const [id = ''] = out.split(' ');
    return id;
  };
  const statuses = async (): Promise<Readonly<Record<string, string>>> => {
    const { out } = await tipoff('models', 'list', '--json');
    const rows = JSON.parse(out) as { model_id: string; status: string }[];
    return Object.fromEntries(rows.map(({ model_id, status }) => [model_id, status]));
  };

  it('is a candidate, then the champion unless it loses, and comes back by its name alone', async () => {
    const first = await trained('2023-12-04');
    expect(await statuses()).toEqual({ [first]: 'candidate' });
    const alone = await tipoff('models', 'promote', first);
    expect(alone.out).toContain(`${first} is the champion.`);
    expect(alone.out).not.toContain('no_loss_to_champion');

    const second = await trained('2023-12-07');
    expect(await statuses()).toEqual({ [first]: 'champion', [second]: 'candidate' });
    const judged = await tipoff('models', 'promote', second);
    expect(judged.err).toBe('');
    expect(judged.out).toMatch(
      /pass {2}no_leak: .+\npass {2}history_is_fresh: .+\npass {2}no_loss_to_champion: /,
    );
    expect(await statuses()).toEqual({ [first]: 'retired', [second]: 'champion' });

    const bad = await worseThan(second);
    const refused = await tipoff('models', 'promote', bad);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /no_loss_to_champion: .+a bias of .+--despite no_loss_to_champion --reason <why>/s,
    );
    expect(await statuses()).toEqual({ [first]: 'retired', [second]: 'champion', [bad]: 'candidate' });

    const silent = await tipoff('models', 'promote', bad, '--despite', 'no_loss_to_champion');
    expect([silent.code, silent.err]).toEqual([2, expect.stringContaining('expected a reason')]);
    const answered = await tipoff(
      ...['models', 'promote', bad, '--despite', 'no_loss_to_champion', '--reason', 'the lines were wrong'],
    );
    expect(answered.out).toContain('fail  no_loss_to_champion');
    expect(await statuses()).toEqual({ [first]: 'retired', [second]: 'retired', [bad]: 'champion' });

    // The way back moves the pointer and asks nothing.
    const back = await tipoff('models', 'promote', second);
    expect(back.out).toBe(`${second} is the champion.\n`);
    expect(await statuses()).toEqual({ [first]: 'retired', [second]: 'champion', [bad]: 'retired' });
  });

  /** A model like another one that forecasts four points too many. */
  const worseThan = async (id: string): Promise<string> => {
    const app = await opened();
    const artefact = await loadModel(trainDeps(app), id);
    const points = modelOf(artefact, MAIN_MARKET);
    const ridge = { ...points.ridge, intercept: points.ridge.intercept + 4 };
    const markets = { ...artefact.markets, points: { ...points, ridge } };
    const { row } = await registerTrained(
      trainDeps(app),
      { ...artefact, markets },
      { status: 'candidate', by: 'test' },
    );
    await app.close();
    return row.model_id;
  };
});
