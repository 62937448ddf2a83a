import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { canariesWhenDue, heartbeatMonitor, watchOnDemand } from '#app/services/watch.ts';
import { beat, CANARY_JOB, lastBeats, lastCanaries } from '#guard/canaries/heartbeats.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { consoleNotifier } from '#platform/notify/console.ts';
import { openOutbox } from '#platform/notify/outbox.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

/** A morning of July: nothing is due, so that the checks find nothing. */
const MORNING = '2025-07-10T12:00:00Z';
const MINUTE = 60_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let clock: VirtualClock;
let app: App;
let said: string[];
beforeEach(async () => {
  folder = await temporaryFolder();
  clock = virtualClock(MORNING);
  said = [];
  app = await openApp(readConfig({ TIPOFF_HOME: folder.path }), {
    command: 'test',
    clock,
    write: (line) => said.push(line),
  });
});
afterEach(async () => {
  await app.close();
  await folder.remove();
});

const headlines = (): string[] => said.filter((line) => line.startsWith('['));

describe('the watch over the checks', () => {
  it('reports that the services are alive', async () => {
    await heartbeatMonitor(app)();
    expect(await lastBeats(app)).toMatchObject([{ job: 'services', max_silence_seconds: 900 }]);
    // In the state store: a pulse a minute would be a query a minute.
    expect(await app.warehouse.query('SELECT job FROM nba_orchestration.heartbeats')).toEqual([]);
  });

  it('tells once when the checks are silent for more than 90 minutes, and once when they run again', async () => {
    await beat(app, { job: CANARY_JOB, ok: true, maxSilenceSeconds: 5400 });
    const look = heartbeatMonitor(app);
    clock.advance(90 * MINUTE);
    await look();
    expect(headlines()).toEqual([]);
    clock.advance(MINUTE);
    await look();
    clock.advance(30 * MINUTE);
    await look();
    await heartbeatMonitor(app)();
    expect(headlines()).toEqual(['[CRITICAL] The checks have not run for 1 h 31 min']);
    await beat(app, { job: CANARY_JOB, ok: true, maxSilenceSeconds: 5400 });
    await look();
    await look();
    expect(headlines().slice(1)).toEqual([expect.stringContaining('RESOLVED] The checks are running again')]);
  });

  it('counts from its own start where the checks never ran, and gives them time after a restart', async () => {
    const look = heartbeatMonitor(app);
    await look();
    clock.advance(91 * MINUTE);
    const restarted = heartbeatMonitor(app);
    await restarted();
    expect(headlines()).toEqual([]);
    await look();
    expect(headlines()).toHaveLength(1);
  });

  it('goes on over calls of a service on demand, which begins with each, from the first look of all', async () => {
    for (let call = 0; call < 20; call++) {
      await watchOnDemand(app)();
      clock.advance(5 * MINUTE);
    }
    expect(headlines()).toEqual([expect.stringContaining('The checks have not run for 1 h 35 min')]);
    await beat(app, { job: CANARY_JOB, ok: true, maxSilenceSeconds: 5400 });
    await watchOnDemand(app)();
    expect(headlines().slice(1)).toEqual([expect.stringContaining('RESOLVED] The checks are running again')]);
    expect((await lastBeats(app)).map(({ job }) => job)).toEqual([CANARY_JOB]);
  });

  it('keeps what could not be sent, for whoever delivers next', async () => {
    let isDown = true;
    const line = consoleNotifier((text) => {
      if (isDown) throw new Error('down');
      said.push(text);
    });
    const { state } = app;
    const outbox = openOutbox({ state, clock, notifier: line, runId: 'this process' });
    const look = heartbeatMonitor({ ...app, outbox });
    clock.advance(91 * MINUTE);
    await expect(look()).rejects.toMatchObject({
      code: 'TIPOFF_NOTIFY',
      message: expect.stringContaining('down'),
    });
    isDown = false;
    await look();
    expect(headlines()).toEqual([]);
    await app.outbox.deliver();
    expect(headlines()).toHaveLength(1);
  });
});

describe('the checks of a served home', () => {
  it('run every half hour and tell people', async () => {
    const step = canariesWhenDue(app);
    await step();
    const first = await lastCanaries(app);
    expect(first).toMatchObject({ beat_at: '2025-07-10T12:00:00.000Z' });
    clock.advance(29 * MINUTE);
    await step();
    expect(await lastCanaries(app)).toEqual(first);
    clock.set('2025-07-10T13:00:00Z');
    await step();
    expect(await lastCanaries(app)).toMatchObject({ beat_at: '2025-07-10T13:00:00.000Z' });
    expect(headlines()).toEqual([expect.stringContaining('Daily digest: nothing is failing')]);
  });
});
