import { createHash } from 'node:crypto';
import {
  constants,
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
import { type SettableClock, settableClock } from '#app/healthy-league.ts';
import { addDays, daysBetween, easternInstant, easternTime, parseSlate, type Slate } from '#core/calendar.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { Canary } from '#guard/canaries/definition.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import { alert } from '#guard/incidents/alert.ts';
import { checkRuns } from '#guard/incidents/update.ts';
import { requireTrainable } from '#guard/quality/trend.ts';
import { modelSource } from '#model/model-source.ts';
import { listModels, promoteModel } from '#model/registry.ts';
import { type DayResult, runDay } from '#pipeline/day.ts';
import { ingest } from '#pipeline/ingest/ingest.ts';
import { DAILY_WAITING, refresh } from '#pipeline/refresh.ts';
import { openOutbox } from '#platform/notify/outbox.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Queue } from '#platform/queue/port.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague, type SimulatedLeague, simulateLeague } from '#simulate/league.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import {
  type Damage,
  Died,
  damagedObjects,
  damagedState,
  damagedWarehouse,
  ImpossibleDamage,
  meetsLoads,
  type PlainStores,
} from './damage.ts';
import { type Delivery, deliveries, encode, leagueFeed } from './feed.ts';
import { HEALTHY, reachOf } from './reach.ts';

/** The first day on which something may go wrong; every day of the window has games but the ninth. */
export const FIRST_DAY = parseSlate('2024-11-20');
/** Days before it that have features: a week, with which checks compare. */
const DAYS_BEFORE = 7;
/** Days before it that ran through all phases: each has documents, which every day after it writes again. */
const DAYS_PREDICTED = 3;
const THROUGH = '2024-12-05';
const CODE_VERSION = 'mutation';
/** The prepared homes of a folder: on the evening before the first day, and after the loads of its morning. */
const HOME = 'home';
const LOADED = 'loaded';
/** Few markets: each costs as much again in predictions, grades and documents. One is a sum of the others. */
const MARKETS = PUBLISHED_MARKETS.filter(({ id }) => ['points', 'rebounds', 'pr'].includes(id));
const FOLDER = join(tmpdir(), 'tipoff-mutation-worlds');
const ROOT = resolve(import.meta.dirname, '../..');

let simulated: SimulatedLeague | undefined;

/** The league of all mutants: as small as the thresholds of the checks allow. */
export function mutationLeague(): SimulatedLeague {
  simulated ??= simulateLeague({
    seed: 11,
    seasons: ['2023-24', '2024-25'],
    teams: 8,
    gamesPerTeam: 24,
    through: THROUGH,
  });
  return simulated;
}

/** What a run says for itself, and what is visible and what people were told at the end of a day. */
export interface DayView {
  readonly day: Slate;
  /** Refusals, holds, skips and quarantines, as `guard: particulars`, with how often. */
  readonly blocks: Readonly<Record<string, number>>;
  /** Checks with an open incident that people heard of, with what was said. */
  readonly told: Readonly<Record<string, string>>;
  /** Every check that failed at a look of the day, whether another one explains it or not, with the hour of the first such look. */
  readonly failing: Readonly<Record<string, string>>;
  /** Rows by key. */
  readonly visible: Readonly<Record<string, readonly (string | number | null)[]>>;
  readonly grades: Readonly<Record<string, readonly (string | number | null)[]>>;
  /** Digest of each document by path, times and ids of runs left out. */
  readonly documents: Readonly<Record<string, string>>;
}

export interface WorldOptions {
  readonly damage?: Damage;
  /** Days on which the damage is done. */
  readonly days?: readonly Slate[];
  /** Guards that are switched off. */
  readonly without?: readonly string[];
  /** Where the warehouses of healthy days lie, from which unaffected tables are copied. */
  readonly healthy?: string;
}

export interface World extends PlainStores {
  readonly clock: SettableClock;
  readonly queue: Queue;
  readonly home: string;
  /** Runs one day: loads, the daily job, the looks of the checks when they are due; and says what came of it. */
  live(day: Slate): Promise<DayView>;
  /** The loads of the morning of a day alone. */
  load(day: Slate): Promise<void>;
  /** The loads and the features of a day, without forecasts and without looks. */
  build(day: Slate): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a copy of a prepared home: of the one after the loads of the first morning, where the damage cannot meet them and comes on that day,
 * and of the one before them elsewhere.
 */
export async function openWorld(folder: string, options: WorldOptions = {}): Promise<World> {
  const home = await mkdtemp(join(tmpdir(), 'tipoff-mutant-'));
  const { damage } = options;
  const isLoaded = damage !== undefined && !meetsLoads(damage);
  cpSync(join(folder, isLoaded ? LOADED : HOME), home, { recursive: true, mode: constants.COPYFILE_FICLONE });
  const world = await worldIn(home, options, isLoaded);
  // The copy is thrown away: what it holds need not be written once more when it is closed.
  await world.warehouse.execute('PRAGMA disable_checkpoint_on_shutdown');
  return world;
}

async function worldIn(
  home: string,
  { damage, days = [], without = [], healthy }: WorldOptions,
  isLoaded = false,
): Promise<World> {
  const clock = settableClock(easternInstant(FIRST_DAY, '06:00'));
  const plain = await openWarehouse({ path: join(home, 'warehouse.duckdb'), tables: 'none', clock });
  const plainState = openSqliteState(join(home, 'state.sqlite'), { clock });
  const queue = openSqliteQueue(join(home, 'state.sqlite'), { clock });
  const plainExports = directoryObjects(join(home, 'objects'));
  const plainModels = directoryObjects(home);
  let current: Slate | undefined;
  let isInJob = false;
  const active = (): Slate | undefined =>
    current !== undefined && days.includes(current) ? current : undefined;
  const reach = reachOf(damage?.touches);
  const warehouse =
    damage === undefined ? plain : damagedWarehouse(plain, damage, active, () => isInJob, reach);
  const exports =
    damage === undefined ? plainExports : damagedObjects(plainExports, 'exports', damage, active);
  const models = damage === undefined ? plainModels : damagedObjects(plainModels, 'models', damage, active);
  const state = damage === undefined ? plainState : damagedState(plainState, damage, active);
  const outbox = openOutbox({ state: plainState, clock, notifier: silentNotifier(), runId: 'mutation' });
  // A check that reads only what the damage has not reached passes, as it does on a healthy day.
  const canMatter = ({ look }: Canary): boolean =>
    reach === undefined ||
    !('sql' in look) ||
    /phase_runs/.test(look.sql) ||
    (look.sql.match(/nba_[a-z]+\.[a-z_]+/g) ?? []).some((table) => reach.has(table));
  const canaries = CATALOGUE.filter(({ id }) => !without.includes(id));
  const league = mutationLeague();
  const formats = [leagueFeed(CONTRACTS)];
  const blocks = new Map<string, number>();
  const block = (what: string, count = 1): void => {
    blocks.set(what, (blocks.get(what) ?? 0) + count);
  };

  const load = async (since: Date, until: Date): Promise<void> => {
    clock.set(until);
    const day = active();
    let sent: readonly Delivery[] = deliveries(league, since.toISOString(), until.toISOString());
    if (day !== undefined && damage?.feed !== undefined) sent = damage.feed(sent, day);
    const files = sent.flatMap((delivery) => {
      const whole = encode(delivery);
      const contents: readonly Uint8Array[] =
        day === undefined || damage?.file === undefined ? [whole] : damage.file(delivery, whole);
      return contents.map((content, i) => ({
        path: `${delivery.table.name}/${until.toISOString().slice(0, 16).replaceAll(':', '')}-${i}.json`,
        isNamed: true,
        read: async () => content,
      }));
    });
    const report = await ingest({ warehouse, clock, files, formats }).catch((error: unknown) => {
      if (!(error instanceof TipoffError)) throw error;
      block(`ingest: ${error.code}`);
      return { files: [], reasons: {} };
    });
    for (const file of report.files) {
      if (file.outcome === 'failed') block(`ingest: ${file.code}`);
      if (file.outcome === 'ignored') block('ingest: ignored');
    }
    for (const [reason, count] of Object.entries(report.reasons)) block(`quarantine: ${reason}`, count);
  };

  const job = async (day: Slate): Promise<void> => {
    const models_ = modelSource(
      {
        warehouse,
        objects: models,
        clock,
        codeVersion: CODE_VERSION,
        markets: MARKETS,
        admit: (rows) => requireTrainable(plain, rows),
      },
      { trainWhenMissing: true, by: 'mutation' },
    );
    let result: DayResult;
    isInJob = true;
    try {
      result = await runDay(
        {
          warehouse,
          state,
          queue,
          clock,
          runId: `mutation-${day}`,
          codeVersion: CODE_VERSION,
          models: models_,
          exports,
          dataSource: 'simulated',
        },
        { slate: day, by: 'mutation' },
      );
    } catch (error) {
      if (error instanceof Died) return;
      if (error instanceof ImpossibleDamage) throw error;
      // The job is red, and whoever reads it sees the code and the next step.
      block(`day: ${error instanceof TipoffError ? error.code : `broke: ${messageOf(error)}`}`);
      return;
    } finally {
      isInJob = false;
    }
    if (result.state === 'held' || result.state === 'failed')
      block(`day ${result.state}: ${reasonKey(result.reason)}`);
    for (const { phase, verdict, detail } of result.phases) {
      if (verdict === 'failed') block(`${phase} failed: ${reasonKey(detail)}`);
      if (verdict === 'held' && phase !== 'predict') block(`${phase} held: ${reasonKey(detail)}`);
    }
    for (const [reason, count] of Object.entries(result.skipped)) block(`skip: ${reason}`, count);
    for (const [reason, count] of Object.entries(result.failed)) block(`failed: ${reason}`, count);
    const isFine = ['published', 'published_partial', 'no_games', 'nothing_to_do'].includes(result.state);
    await beat(
      { warehouse: plain, state: plainState, clock },
      { job: 'day', ok: isFine, maxSilenceSeconds: JOBS.day, detail: result.state },
    );
  };

  const failing = new Map<string, string>();
  const look = async (at: Date, which: (canary: Canary) => boolean): Promise<void> => {
    clock.set(at);
    const deployment = {
      codeVersion: CODE_VERSION,
      expectedVersion: CODE_VERSION,
      scheduledJobs: ['day'],
      configGaps: [],
    };
    const { runs, results } = await runCanaries(
      {
        warehouse: plain,
        state: plainState,
        exports: plainExports,
        models: plainModels,
        queue,
        clock,
        deployment,
      },
      {
        canaries: canaries.filter((canary) => which(canary) && canMatter(canary)),
        asOf: at,
        isPartial: true,
      },
    );
    for (const { check, status } of results)
      if ((status === 'fail' || status === 'error') && !failing.has(check))
        failing.set(check, easternTime(at));
    await alert({ state: plainState, clock, outbox }, checkRuns(runs, CATALOGUE), { digest: false });
  };

  let isAttached = false;
  let since = isLoaded ? noonOf(FIRST_DAY) : easternInstant(addDays(FIRST_DAY, -1), '17:00');
  const loadMorning = async (day: Slate): Promise<void> => {
    const noon = noonOf(day);
    if (since > noon) since = easternInstant(addDays(day, -1), '17:00');
    await load(since, noon);
    since = noon;
  };
  const loadAfternoon = async (day: Slate): Promise<void> => {
    const evening = easternInstant(day, '17:00');
    await load(since, evening);
    since = evening;
  };
  const world: World = {
    clock,
    warehouse: plain,
    state: plainState,
    exports: plainExports,
    models: plainModels,
    queue,
    home,
    live: async (day) => {
      current = day;
      if (healthy !== undefined && reach !== undefined) {
        if (isAttached) await plain.execute(`DETACH ${HEALTHY}`);
        await plain.execute(
          `ATTACH '${healthyWarehouse(healthy, daysBetween(FIRST_DAY, day))}' AS ${HEALTHY} (READ_ONLY)`,
        );
        isAttached = true;
      }
      blocks.clear();
      failing.clear();
      const isFaulty = active() !== undefined;
      if (since < noonOf(day)) await loadMorning(day);
      if (isFaulty) await damage?.before?.(world, day);
      clock.set(easternInstant(day, '12:15'));
      if (!(isFaulty && damage?.never === 'day')) await job(day);
      reach?.endDay();
      if (isFaulty) await damage?.after?.(world, day);
      await look(
        easternInstant(day, '12:45'),
        ({ looksAt }) => looksAt === 'last_night' || looksAt === 'slate',
      );
      await loadAfternoon(day);
      await look(easternInstant(day, '17:45'), ({ looksAt }) => looksAt === 'tonight' || looksAt === 'now');
      return {
        day,
        blocks: Object.fromEntries(blocks),
        told: await toldIncidents(plainState),
        failing: Object.fromEntries(failing),
        ...(await published(plain, plainExports)),
      };
    },
    load: loadMorning,
    build: async (day) => {
      await loadMorning(day);
      clock.set(easternInstant(day, '12:15'));
      await refresh(
        { warehouse, clock, codeVersion: CODE_VERSION, runId: `mutation-${day}` },
        day,
        DAILY_WAITING,
      );
      await loadAfternoon(day);
    },
    close: async () => {
      await plain.close();
      await plainState.close();
      await queue.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return world;
}

/** When the loads of a morning are over. */
function noonOf(day: Slate): Date {
  return easternInstant(day, '12:10');
}

/** What a reason is about, without its numbers. */
function reasonKey(reason: string | null): string {
  return (reason ?? 'no reason').replace(/\d[\d.,:-]*/g, 'n').slice(0, 80);
}

function silentNotifier() {
  return {
    owns: () => true,
    send: async ({ key }: { readonly key: string }) => ({ channel: 'mutation', id: key }),
    reply: async (_thread: unknown, { key }: { readonly key: string }) => ({ channel: 'mutation', id: key }),
    update: async () => undefined,
    find: async () => undefined,
  };
}

async function toldIncidents(state: StateStore): Promise<Record<string, string>> {
  const open = await listIncidents(state, 'open');
  return Object.fromEntries(
    open
      .filter(
        ({ hidden_by, severity, told_at, failing_since }) =>
          hidden_by === null && severity !== 'info' && told_at !== null && failing_since !== null,
      )
      .map(({ fingerprint, slates }) => [
        fingerprint,
        Object.values(slates)
          .map(({ reason, offenders }) => `${reason} ${offenders.slice(0, 3).join('; ')}`)
          .at(-1) ?? '',
      ]),
  );
}

type Rows = Record<string, readonly (string | number | null)[]>;

async function published(
  warehouse: Warehouse,
  exports: ObjectStore,
): Promise<Pick<DayView, 'visible' | 'grades' | 'documents'>> {
  const from = addDays(FIRST_DAY, -1);
  type Row = Record<string, string | number | null>;
  const visible: Rows = {};
  for (const row of await warehouse.query<Row>(
    `SELECT CAST(slate AS STRING) || ' ' || CAST(player_id AS STRING) || ' ' || game_id || ' ' || market || ' ' || system_id || ' ' || line_role AS id,
       predicted, p_over, CAST(line AS FLOAT64) AS line, recommendation, bookmaker, over_price, under_price, player_name, team_abbr, opponent_abbr, injury_status
     FROM nba_predictions.current_predictions WHERE slate >= CAST(@from AS DATE)`,
    { from },
  )) {
    const { id, ...values } = row;
    visible[String(id)] = Object.values(values);
  }
  const grades: Rows = {};
  for (const row of await warehouse.query<Row>(
    `SELECT CAST(slate AS STRING) || ' ' || CAST(player_id AS STRING) || ' ' || market || ' ' || system_id || ' ' || line_role || ' ' || record_class AS id,
       actual, actual_minutes, outcome, signed_error, profit
     FROM nba_predictions.prediction_grades WHERE slate >= CAST(@from AS DATE)`,
    { from },
  )) {
    const { id, ...values } = row;
    grades[String(id)] = Object.values(values);
  }
  const documents: Record<string, string> = {};
  for (const path of (await exports.list('')).sort()) {
    const object = await exports.get(path);
    const text = new TextDecoder().decode(object?.bytes);
    documents[path] = createHash('sha256').update(withoutRuns(text)).digest('hex').slice(0, 16);
  }
  return { visible, grades, documents };
}

/** A document without what is another with every run: instants of the run and ids that come from it. */
function withoutRuns(text: string): string {
  return text
    .replace(/"(?:generated_at|published_at|predicted_at|[a-z_]*_id|[a-z_]*hash|etag)":\s*"[^"]*",?/g, '')
    .replace(/\s+/g, '');
}

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
    if (daysBetween(day, FIRST_DAY) > DAYS_PREDICTED) {
      await world.build(day);
      continue;
    }
    await world.live(day);
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

function healthyWarehouse(folder: string, index: number): string {
  return join(folder, `day-${index}.duckdb`);
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
  for (const part of ['world.ts', 'feed.ts']) add(join(import.meta.dirname, part));
  return hash.digest('hex').slice(0, 32);
}
