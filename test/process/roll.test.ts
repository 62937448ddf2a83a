import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readUnits } from '#pipeline/batch/state.ts';
import { shiftedClock } from '#platform/clock.ts';
import { homePaths } from '#platform/home.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { KILL_MORNING, KILL_SLATE, makeTemplate } from './kill-home.ts';
import { type ServeChild, startServe } from './serve-child.ts';

const ROOT = join(import.meta.dirname, '../..');
const OLD = join(ROOT, 'src/app/cli/tipoff.ts');
const NOON = new Date(KILL_MORNING);
const POLL_MS = 50;
/** A column that the next version gives every prediction. */
const COLUMN = 'mood';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let home: string;
let next: string;

/** The source with one nullable column more in the predictions and in what is staged for them: the version after this one. */
function nextVersion(into: string): string {
  cpSync(join(ROOT, 'src'), join(into, 'src'), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, name), join(into, name));
  symlinkSync(join(ROOT, 'node_modules'), join(into, 'node_modules'));
  const path = join(into, 'src/core/contracts/nba_predictions.ts');
  const before = readFileSync(path, 'utf8');
  const after = before.replace(
    '  has_status_feed: required.bool(',
    `  ${COLUMN}: nullable.string('What the next version adds'),\n  has_status_feed: required.bool(`,
  );
  if (after === before) throw new Error('expected the columns of a staged prediction, saw none');
  writeFileSync(path, after);
  return join(into, 'src/app/cli/tipoff.ts');
}

beforeAll(async () => {
  folder = await temporaryFolder();
  home = join(folder.path, 'home');
  await makeTemplate(home);
  next = nextVersion(join(folder.path, 'next'));
  // A league is simulated and a model trained.
}, 60_000);
afterAll(() => folder.remove());

/** Starts a batch and predicts only its first unit, as a push delivers it. */
async function startedWith(version: string, mode: string): Promise<string> {
  const serve = await startServe(home, NOON, 0, undefined, version);
  const started = await serve.call('POST', '/start', { game_date: KILL_SLATE, mode, force: true });
  const batch = String(started?.body['batch_id']);
  expect(started?.status, serve.log()).toBe(202);
  const [unit] = await unitsOf(batch);
  const data = Buffer.from(JSON.stringify({ batch_id: batch, unit_id: unit?.unit_id })).toString('base64');
  const handled = await serve.call('POST', '/predict', { message: { data, messageId: batch } });
  expect(handled?.body, serve.log()).toEqual({ handled: 'done' });
  expect(await serve.stop()).toBe(0);
  return batch;
}

/** Lets a version take up what another has left, to the end of the batch. */
async function endedWith(version: string, batch: string): Promise<unknown> {
  const serve: ServeChild = await startServe(home, NOON, 2, undefined, version);
  let state: unknown;
  while (!['published', 'published_partial', 'held', 'failed'].includes(String(state))) {
    // Who asks without a pause takes the time that the batch needs.
    await pause(POLL_MS);
    state = (await serve.call('GET', `/batches/${batch}`))?.body['state'];
  }
  expect(await serve.stop(), serve.log()).toBe(0);
  return state;
}

async function unitsOf(batch: string) {
  const state = openSqliteState(homePaths(home).state, { clock: shiftedClock(KILL_MORNING) });
  try {
    return await readUnits(state, batch);
  } finally {
    await state.close();
  }
}

/** Players by publication, and how many of them have the column of the next version at all. */
async function visible(): Promise<{ players: number; publications: number }> {
  const warehouse = await openWarehouse({ path: homePaths(home).warehouse, tables: 'none' });
  try {
    const [row] = await warehouse.query<{ players: number; publications: number }>(
      `SELECT COUNT(DISTINCT player_id) AS players, COUNT(DISTINCT publication_id) AS publications
       FROM nba_predictions.current_predictions WHERE slate = DATE '${KILL_SLATE}'`,
    );
    return row ?? { players: 0, publications: 0 };
  } finally {
    await warehouse.close();
  }
}

function run(version: string, ...args: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [version, ...args, '--home', home], {
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr };
}

it('rolls from one version to the next and back with a batch at work each time, and loses nobody', async () => {
  // The old version is at work; tables are expanded; the new one ends what is staged in the old shape and in its own.
  const first = await startedWith(OLD, 'FIRST');
  const applied = run(next, 'schema', 'apply');
  expect(applied.code, applied.said).toBe(0);
  expect(await endedWith(next, first)).toBe('published');
  const before = await visible();
  expect(before.players).toBeGreaterThan(20);

  // Back: the new version is at work, and the old one ends it on the wider tables, which it leaves as they are.
  const second = await startedWith(next, 'LINE_UPDATE');
  expect(await endedWith(OLD, second)).toBe('published');
  expect((await visible()).players).toBe(before.players);
  const checked = run(OLD, 'schema', 'check');
  expect(checked.said).toContain(COLUMN);

  // And forward again: nothing is left to apply.
  expect(run(next, 'schema', 'apply', '--dry-run').code).toBe(0);
  expect(await endedWith(next, await startedWith(OLD, 'LINE_UPDATE'))).toBe('published');
  expect((await visible()).players).toBe(before.players);
  // Ten processes are started one after the other.
}, 120_000);
