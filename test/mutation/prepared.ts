import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { addDays, daysBetween, easternInstant } from '#core/calendar.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { listModels, promoteModel } from '#model/registry.ts';
import { loadLeague } from '#simulate/league.ts';
import { healthyWarehouse } from './reach.ts';
import type { DayView } from './view.ts';
import { FIRST_DAY, HOME, LOADED, mutationLeague, openWorld, worldIn } from './world.ts';

/** Days before the first one that have features: a week, with which checks compare. */
const DAYS_BEFORE = 7;
/** Days before the first one that ran through all phases: each has documents, which every day after it writes again. */
const DAYS_PREDICTED = 3;
const FOLDER = join(tmpdir(), 'tipoff-mutation-worlds');
const ROOT = resolve(import.meta.dirname, '../..');

/** The folder of the prepared home, and the views of healthy days after it; made once for the sources as they are. */
export async function preparedWorld(): Promise<string> {
  const folder = join(FOLDER, sourcesDigest());
  if (existsSync(join(folder, LOADED))) return folder;
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name);
    if (path !== folder && statSync(path).mtimeMs < Date.now() - 86_400_000)
      rmSync(path, { recursive: true, force: true });
  }
  const home = await mkdtemp(join(tmpdir(), 'tipoff-mutation-template-'));
  await prepareHome(home);
  await keep(home, join(folder, HOME));
  rmSync(home, { recursive: true });
  const morning = await openWorld(folder);
  await morning.load(FIRST_DAY);
  await morning.warehouse.execute('CHECKPOINT');
  await keep(morning.home, join(folder, LOADED));
  await morning.close();
  return folder;
}

/** Keeps a home under a name, whole or not at all. */
async function keep(home: string, as: string): Promise<void> {
  const building = await mkdtemp(`${as}-`);
  cpSync(home, building, { recursive: true });
  try {
    renameSync(building, as);
  } catch (error) {
    // Somebody else was first.
    if (!existsSync(as)) throw error;
    rmSync(building, { recursive: true });
  }
}

async function prepareHome(home: string): Promise<void> {
  const first = addDays(FIRST_DAY, -DAYS_BEFORE);
  const world = await worldIn(home, {});
  const { warehouse, clock, models } = world;
  await warehouse.prepare(CONTRACTS);
  for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
  clock.set(easternInstant(addDays(first, -1), '17:00'));
  await loadLeague(warehouse, mutationLeague(), { clock });
  for (let day = first; day < FIRST_DAY; day = addDays(day, 1)) {
    const ahead = daysBetween(day, FIRST_DAY);
    if (ahead > DAYS_PREDICTED) {
      // The last of these days makes the features of all that were only loaded.
      await (ahead > DAYS_PREDICTED + 1 ? world.loadAll(day) : world.build(day));
      continue;
    }
    await (ahead > 1 ? world.run(day) : world.live(day));
    const [model] = await listModels(warehouse);
    if (model !== undefined && model.status !== 'champion')
      await promoteModel({ warehouse, objects: models, clock }, model.model_id, 'mutation');
  }
  await warehouse.execute('CHECKPOINT');
  await warehouse.close();
  await world.state.close();
  await world.queue.close();
}

/** The view of a day on which nothing goes wrong, `index` days after the first. Made when it is first asked for. */
export async function healthyView(folder: string, index: number): Promise<DayView> {
  const file = (i: number): string => join(folder, `day-${i}.json`);
  if (!existsSync(file(index))) {
    const world = await openWorld(folder);
    for (let i = 0; i <= index; i++) {
      const view = await world.live(addDays(FIRST_DAY, i));
      await world.warehouse.execute('CHECKPOINT');
      cpSync(join(world.home, 'warehouse.duckdb'), healthyWarehouse(folder, i));
      const building = `${file(i)}.${process.pid}`;
      writeFileSync(building, JSON.stringify(view));
      renameSync(building, file(i));
    }
    await world.close();
  }
  return JSON.parse(readFileSync(file(index), 'utf8')) as DayView;
}

/** Everything that decides what a world looks like. */
function sourcesDigest(): string {
  const hash = createHash('sha256');
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(relative(ROOT, path)).update(readFileSync(path));
  };
  for (const part of ['core', 'platform', 'model', 'simulate', 'pipeline', 'guard'])
    add(join(ROOT, 'src', part));
  for (const part of ['prepared.ts', 'world.ts', 'view.ts', 'feed.ts']) add(join(import.meta.dirname, part));
  return hash.digest('hex').slice(0, 32);
}
