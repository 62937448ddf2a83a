import { describe, expect, it } from 'vitest';
import { serviceApp } from '#app/services/app.ts';
import type { SiteFile } from '#app/site/live.ts';
import { KEY, serviceWorlds } from './service-world.ts';

const makeWorld = serviceWorlds();
const FILES: Readonly<Record<string, SiteFile>> = {
  'index.html': { type: 'text/html', text: '<!doctype html>', isFixed: true },
  'assets/site.js': { type: 'text/javascript', text: 'let x;'.repeat(500), isFixed: true },
  'data/overview.json': { type: 'application/json', text: '{}', isFixed: false },
};

/** A service with a site, called under a host name. */
async function served(isLocal: boolean, roles: readonly ('coordinator' | 'worker')[] = ['coordinator']) {
  const { service, clock } = await makeWorld([], { roles });
  const site = { file: async (path: string) => FILES[path], isLocal, secret: KEY };
  const app = serviceApp({ ...service, site });
  const get = (path: string, headers: Record<string, string> = {}, host = '127.0.0.1:8080') =>
    app.request(`http://${host}${path}`, { headers: { host, ...headers } });
  const login = (key: string) =>
    app.request('http://tipoff.example/login', { method: 'POST', body: new URLSearchParams({ key }) });
  return { get, login, clock };
}

describe('the pages of a service', () => {
  it('are open on this machine, under a name of this machine', async () => {
    const { get } = await served(true);
    const page = await get('/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await get('/data/overview.json')).headers.get('cache-control')).toBe('no-store');
    expect((await get('/', {}, 'localhost:8080')).status).toBe(200);
    // A name of somebody else that leads here: the page of an attacker.
    expect((await get('/data/overview.json', {}, 'rebound.example')).status).toBe(401);
    expect((await get('/status')).status).toBe(401);
  });

  it('want the key elsewhere, or the cookie of a login with it, which ends after a week', async () => {
    const { get, login, clock } = await served(false);
    expect((await get('/data/overview.json')).status).toBe(401);
    const sent = await get('/', { accept: 'text/html' });
    expect([sent.status, sent.headers.get('location')]).toEqual([302, '/login']);
    expect((await get('/login')).status).toBe(200);
    expect((await get('/', { 'x-api-key': KEY })).status).toBe(200);
    const refused = await login('a-key-that-somebody-has-guessed');
    expect([refused.status, refused.headers.get('set-cookie')]).toEqual([401, null]);
    const admitted = await login(KEY);
    const cookie = admitted.headers.get('set-cookie') ?? '';
    expect([admitted.status, admitted.headers.get('location')]).toEqual([302, '/']);
    expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/);
    expect(cookie).not.toContain(KEY);
    const [pair = ''] = cookie.split(';');
    expect((await get('/', { cookie: pair })).status).toBe(200);
    expect((await get('/', { cookie: pair.replace(/=\d/, '=9') })).status).toBe(401);
    // It lets read, and nothing else.
    expect((await get('/status', { cookie: pair })).status).toBe(401);
    clock.set(new Date(clock.now().getTime() + 8 * 86_400_000).toISOString());
    expect((await get('/', { cookie: pair })).status).toBe(401);
  });

  it('come packed, and list the endpoints', async () => {
    const { get } = await served(true);
    const script = await get('/assets/site.js', { 'accept-encoding': 'gzip' });
    expect(script.headers.get('content-encoding')).toBe('gzip');
    const docs = await (await get('/docs')).text();
    for (const path of ['/start', '/check-stalled', '/reset', '/health/deep', '/openapi.json'])
      expect(docs).toContain(path);
    expect((await get('/assets/other.js')).status).toBe(404);
    expect((await get('/data/../home.lock')).status).toBe(404);
  });

  it('are not there where only a worker serves', async () => {
    const { get } = await served(true, ['worker']);
    expect((await get('/')).status).toBe(404);
  });
});
