import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { parseSlate } from '#core/calendar.ts';
import { shiftedClock } from '#platform/clock.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';
import { type FakeGcs, fakeGcs } from '#test/fakes/gcs-server.ts';
import { offered } from './offered.ts';

const [firestore, pubsub, bigquery] = [offered('firestore'), offered('pubsub'), offered('bigquery')];
const TIPOFF = fileURLToPath(new URL('../../src/app/cli/tipoff.ts', import.meta.url));
const SLATE = parseSlate('2024-11-30');
const NOON = `${SLATE}T17:00:00Z`;
const KEY = 'a-key-of-the-cloud-tests-with-enough-characters';

describe.skipIf([firestore, pubsub, bigquery].includes(undefined))(
  'the command line with TIPOFF_PROFILE=gcp',
  () => {
    let gcs: FakeGcs;
    let environment: Record<string, string>;
    beforeAll(async () => {
      gcs = await fakeGcs(['tipoff-test']);
      environment = {
        TIPOFF_PROFILE: 'gcp',
        TIPOFF_GCP_PROJECT: `tipoff-${randomUUID().slice(0, 8)}`,
        TIPOFF_GCP_BUCKET: 'tipoff-test',
        TIPOFF_GCP_STORAGE_URL: gcs.url,
        TIPOFF_GCP_BIGQUERY_URL: bigquery ?? '',
        TIPOFF_GCP_FIRESTORE_EMULATOR: firestore ?? '',
        TIPOFF_GCP_PUBSUB_EMULATOR: pubsub ?? '',
        TIPOFF_API_KEY: KEY,
      };
    });
    afterAll(() => gcs.close());

    const tipoff = (...args: string[]): ChildProcess =>
      spawn(process.execPath, [TIPOFF, ...args], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    /** Runs a verb to its end; its JSON document, its exit code, and what it wrote beside. */
    // biome-ignore lint/suspicious/noExplicitAny: single fields of documents whose schemas are tested elsewhere
    const run = async (...args: string[]): Promise<{ code: number | null; body: any; beside: string }> => {
      const child = tipoff(...args, '--json');
      const [out, err] = [textOf(child.stdout), textOf(child.stderr)];
      await once(child, 'close');
      const text = out();
      return { code: child.exitCode, body: text.trim() === '' ? undefined : JSON.parse(text), beside: err() };
    };

    // A day is lived through emulators by the command line.
    it('makes the tables, lives a day, checks itself, and serves', { timeout: 900_000 }, async () => {
      const applied = await run('schema', 'apply');
      expect([applied.code, applied.body?.refused], applied.beside).toEqual([0, []]);

      const clock = shiftedClock(NOON);
      const app = await openApp(readConfig(environment), { command: 'test', clock, write: () => undefined });
      const league = simulateLeague({
        seed: 11,
        seasons: ['2023-24', '2024-25'],
        teams: 4,
        gamesPerTeam: 20,
        playersPerTeam: 12,
        through: SLATE,
      });
      await loadLeague(app.warehouse, league, { clock });
      await app.close();

      const day = await run('day', SLATE, '--at', NOON);
      expect([day.code, day.body?.state, day.body?.failed], day.beside).toEqual([0, 'published', {}]);
      expect(day.body.predictions).toBeGreaterThan(20);
      expect(day.body.outputs[0]).toMatch(/^gs:\/\/tipoff-test\/exports\//);
      const names = [...gcs.objects.keys()];
      expect(names.some((name) => name.startsWith('tipoff-test/models/'))).toBe(true);
      expect(names.some((name) => name.startsWith('tipoff-test/exports/'))).toBe(true);

      const again = await run('day', SLATE, '--at', NOON);
      expect([again.code, again.body?.state], again.beside).toEqual([0, 'nothing_to_do']);

      const checked = await run('canary', 'run', '--at', NOON);
      const errors = checked.body.results.filter(({ status }: { status: string }) => status === 'ERROR');
      expect(errors, checked.beside).toEqual([]);
      expect(checked.body.results.length).toBeGreaterThan(20);

      const serving = tipoff('serve', '--port', '0', '--json', '--at', NOON);
      const [out, err] = [textOf(serving.stdout), textOf(serving.stderr)];
      while (!out().includes('"address"') && serving.exitCode === null)
        await Promise.race([once(serving.stdout ?? serving, 'data'), once(serving, 'close')]);
      const { address } = JSON.parse(out()) as { address: string };
      const status = await fetch(`${address}/status`, { headers: { 'x-api-key': KEY } });
      expect([status.status, (await fetch(`${address}/status`)).status], err()).toEqual([200, 401]);
      serving.kill('SIGTERM');
      await once(serving, 'close');
      expect(serving.exitCode, err()).toBe(0);
    });

    it('refuses a folder beside the project', async () => {
      const { code, beside } = await run('status', '--home', '/nowhere');
      expect([code, beside]).toEqual([
        2,
        expect.stringContaining('expected no folder with TIPOFF_PROFILE=gcp'),
      ]);
    });
  },
);

function textOf(stream: ChildProcess['stdout']): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}
