import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import { afterEach, describe, expect, it } from 'vitest';
import { serviceApp } from '#app/services/app.ts';
import { players, SLATE } from '#test/fakes/prediction-world.ts';
import { KEY, serviceWorlds } from './service-world.ts';

/** What people type at a terminal, typed at one. */
describe('the services, asked by curl', () => {
  const world = serviceWorlds();
  const open: Server[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  /** A shell with the address as U and the key as K; what a command line prints. */
  const shell = async (): Promise<(line: string) => Promise<string>> => {
    const { service } = await world(players(2));
    const server = serve({ fetch: serviceApp(service).fetch, hostname: '127.0.0.1', port: 0 }) as Server;
    open.push(server);
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const env = { PATH: process.env['PATH'] ?? '', U: `http://127.0.0.1:${port}`, K: KEY };
    return async (line) => (await promisify(execFile)('bash', ['-c', line], { env })).stdout.trim();
  };

  it('show the verdict of one check, on one line', async () => {
    const run = await shell();
    const asked = 'curl -sS -H "X-API-Key: $K" "$U/health/deep"';
    const pretty =
      'node -e \'process.stdin.on("data", (d) => console.log(JSON.stringify(JSON.parse(d), null, 4)))\'';
    expect(await run(`${asked} | ${pretty} | grep output_schema`)).toContain('"output_schema": "pass"');
  });

  it('take the key as a bearer token, and tell what is going on', async () => {
    const run = await shell();
    expect(JSON.parse(await run('curl -sS -H "Authorization: Bearer $K" "$U/status"'))).toMatchObject({
      status: 'idle',
    });
    expect(await run(`curl -sS -o /dev/null -w '%{http_code}' "$U/status"`)).toBe('401');
  });

  it('reset a date without another word, list what a cleanup would drop, and look for stalled batches', async () => {
    const run = await shell();
    const post = (path: string, body: string): Promise<string> =>
      run(
        `curl -sS -X POST -H "Authorization: Bearer $K" -H 'Content-Type: application/json' -d '${body}' "$U${path}"`,
      );
    expect(JSON.parse(await post('/reset', `{"game_date":"${SLATE}"}`))).toMatchObject({ dry_run: false });
    expect(JSON.parse(await post('/cleanup-staging', '{"dry_run":true}'))).toMatchObject({
      dry_run: true,
      dropped: 0,
    });
    expect(JSON.parse(await post('/check-stalled', '{}'))).toMatchObject({ batches_checked: 0 });
    expect(JSON.parse(await post('/start', `{"game_date":"${SLATE}","dry_run":true}`))).toMatchObject({
      status: 'dry_run',
    });
  });
});
