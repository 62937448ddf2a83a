import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '#app/cli/program.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { homePaths } from '#platform/home.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SLATE = '2025-01-10';
const NOON = `${SLATE}T17:00:00Z`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let home: string;
let letGo: () => void;
beforeEach(async () => {
  folder = await temporaryFolder();
  home = join(folder.path, 'home');
  await homeWithoutRows(home);
  letGo = await holdWarehouse(home);
  vi.stubEnv('TIPOFF_CHECKS', join(folder.path, 'checks'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  letGo();
  await folder.remove();
});

async function tipoff(...args: string[]) {
  const streams = { out: '', err: '' };
  const code = await main([...args, '--home', home, '--at', NOON], {
    out: (text) => {
      streams.out += text;
    },
    err: (text) => {
      streams.err += text;
    },
  });
  return { code, ...streams };
}

/** The games of the slate, the first of them with the same team twice. */
async function play(): Promise<void> {
  await tipoff('canary', 'run', '--only', 'schedule_ahead');
  const warehouse = await openWarehouse({ path: homePaths(home).warehouse, tables: 'none' });
  await warehouse.append(schedule, [{ ...gameRow(SLATE, 0), away_abbr: 'AAA' }, gameRow(SLATE, 1)]);
  await warehouse.close();
}

describe('checks of the user’s own', () => {
  it('are written, listed, asked and told like the built-in ones', async () => {
    const written = await tipoff('canary', 'new', 'two_teams');
    expect(written.code).toBe(0);
    const file = join(folder.path, 'checks', 'two_teams.yaml');
    expect(written.out).toContain(file);
    expect((await tipoff('canary', 'new', 'two_teams')).code).toBe(2);
    expect((await tipoff('canary', 'new', 'schedule_ahead')).err).toContain(
      'is called schedule_ahead already',
    );

    expect((await tipoff('canary', 'run', '--only', 'two_teams')).code).toBe(0);
    const listed = await tipoff('canary', 'list', '--json');
    expect(JSON.parse(listed.out)).toContainEqual(
      expect.objectContaining({ id: 'two_teams', runbook: file }),
    );

    await play();
    const failed = await tipoff('canary', 'run', '--only', 'two_teams');
    expect(failed.code).toBe(1);
    expect(failed.out).toContain('the same team twice in 1 of 2 games');
    expect(failed.out).toContain('AAA against AAA');
    await tipoff('canary', 'run');
    const incidents = JSON.parse((await tipoff('incidents', 'list', '--json')).out);
    expect(incidents).toContainEqual(expect.objectContaining({ fingerprint: 'two_teams', status: 'open' }));
  });

  it('lie in the home too; one that cannot be asked is said with file and line and keeps no other from being asked', async () => {
    await tipoff('canary', 'new', 'two_teams');
    const good = await readFile(join(folder.path, 'checks', 'two_teams.yaml'), 'utf8');
    const own = join(home, 'checks');
    await mkdir(own);
    await writeFile(
      join(own, 'bad.yml'),
      good.replace('id: two_teams', 'id: bad').replace('AS is_bad', 'is_bad IS'),
    );
    await writeFile(join(own, 'worse.yaml'), 'id: worse\nquestion: Why?\n');
    await writeFile(join(own, 'notes.txt'), 'not asked');

    const listed = await tipoff('canary', 'list');
    expect(listed.code).toBe(2);
    expect(listed.out).toMatch(/NOT ASKED: .*worse\.yaml, line 1: expected/);
    const run = await tipoff('canary', 'run', '--only', 'own_checks_readable', 'two_teams');
    expect(run.code).toBe(1);
    expect(run.out).toContain('worse.yaml, line 1: expected');
    expect(run.out).toContain('1 passed, 1 failed');
  });

  it('may give so many rows and no more', async () => {
    const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS d`).join(' UNION ALL ');
    const sql = `WITH digits AS (${digits}) SELECT 'x' AS subject, FALSE AS is_bad, 'x' AS note FROM digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits e CROSS JOIN digits f`;
    await mkdir(join(home, 'checks'));
    const text = [
      'id: many',
      'question: How many?',
      'expected: some',
      'owner: data',
      'repair: tipoff status',
      `sql: "${sql}"`,
    ];
    await writeFile(join(home, 'checks', 'many.yaml'), text.join('\n'));
    const run = await tipoff('canary', 'run', '--only', 'many');
    expect(run.code).toBe(3);
    expect(run.out).toContain('gives more than 10000 rows');
  });
});
