import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { type ServeOptions, startServing } from '#app/services/serve.ts';
import { shiftedClock } from '#platform/clock.ts';
import { homeOwner } from '#platform/home.ts';
import { MORNING } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const OWN_KEY = 'a-key-from-the-environment-of-the-test';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let home: string;
let app: App;
let log: string[];

async function open(environment: Record<string, string> = {}): Promise<App> {
  const config = readConfig({ TIPOFF_HOME: home, ...environment });
  return openApp(config, { command: 'serve', clock: shiftedClock(MORNING), write: () => undefined });
}

const options = (port = 0): ServeOptions => ({
  roles: ['coordinator', 'worker'],
  workers: 1,
  hostname: '127.0.0.1',
  port,
  log: (line) => {
    log.push(line);
  },
});

beforeEach(async () => {
  folder = await temporaryFolder();
  home = join(folder.path, 'home');
  log = [];
});
afterEach(async () => {
  await app.close();
  await folder.remove();
});

describe('serve', () => {
  it('leaves address and a fresh key to the owner of the home only, answers, and drains', async () => {
    app = await open();
    const serving = await startServing(app, options());
    const owner = await homeOwner(home);
    expect(owner?.address).toBe(serving.address);
    const key = owner?.key ?? '';
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(home, 'home.lock')).mode & 0o077).toBe(0);
    expect((await fetch(`${serving.address}/health`)).status).toBe(200);
    expect((await fetch(`${serving.address}/status`)).status).toBe(401);
    expect((await fetch(`${serving.address}/status`, { headers: { 'x-api-key': key } })).status).toBe(200);
    const none = await fetch(`${serving.address}/start`, { method: 'POST', headers: { 'x-api-key': key } });
    expect([none.status, ((await none.json()) as { status: string }).status]).toEqual([200, 'no_games']);

    await expect(startServing(app, options(Number(new URL(serving.address).port)))).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    await serving.drain();
    await expect(fetch(`${serving.address}/health`)).rejects.toThrow();
    expect(log.join('')).not.toContain(key);
    expect(log.map((line) => JSON.parse(line).message)).toEqual(
      expect.arrayContaining(['serving', 'request', 'drained']),
    );
  });

  it('takes the key and the variables of its configuration, and deep health names a variable that is missing', async () => {
    app = await open({ TIPOFF_API_KEY: OWN_KEY, TIPOFF_REQUIRED_SETTINGS: 'TIPOFF_API_KEY,TIPOFF_NOWHERE' });
    const serving = await startServing(app, options());
    const answer = await fetch(`${serving.address}/health/deep`, { headers: { 'x-api-key': OWN_KEY } });
    const { checks } = (await answer.json()) as { checks: { check: string; status: string; seen: string }[] };
    expect(answer.status).toBe(503);
    // A fresh home has no model either: deep health does not train one.
    expect(
      checks.filter(({ status }) => status === 'fail').map(({ check, seen }) => `${check} ${seen}`),
    ).toEqual([expect.stringContaining('model TIPOFF_NO_MODEL'), 'configuration missing: TIPOFF_NOWHERE']);
    await serving.drain();
    expect(log.join('')).not.toContain(OWN_KEY);
  });

  it('is configured by an audience with its accounts, never by one of them, and by no short key', async () => {
    app = await open();
    const both = {
      TIPOFF_OIDC_AUDIENCE: 'https://a.example',
      TIPOFF_OIDC_ACCOUNTS: 'x@a.example, y@a.example',
    };
    expect(readConfig(both).oidc).toEqual({
      audience: 'https://a.example',
      accounts: ['x@a.example', 'y@a.example'],
      readers: [],
    });
    expect(readConfig({ ...both, TIPOFF_OIDC_READERS: 'y@a.example' }).oidc?.readers).toEqual([
      'y@a.example',
    ]);
    expect(() => readConfig({ TIPOFF_OIDC_AUDIENCE: 'https://a.example' })).toThrow('together');
    expect(() => readConfig({ TIPOFF_OIDC_ACCOUNTS: 'x@a.example' })).toThrow('together');
    expect(() => readConfig({ TIPOFF_API_KEY: 'short' })).toThrow('24 characters');
  });
});
