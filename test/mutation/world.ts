import { constants, cpSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SettableClock, settableClock } from '#app/healthy-league.ts';
import { addDays, daysBetween, easternInstant, easternTime, parseSlate, type Slate } from '#core/calendar.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { writeBackupRecord } from '#guard/backup-record.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { Canary, Deployment } from '#guard/canaries/definition.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { alert } from '#guard/incidents/alert.ts';
import { checkRuns } from '#guard/incidents/update.ts';
import { requireTrainable } from '#guard/quality/trend.ts';
import { modelSource } from '#model/model-source.ts';
import { type DayResult, runDay } from '#pipeline/day.ts';
import { ingest } from '#pipeline/ingest/ingest.ts';
import { DAILY_WAITING, refresh } from '#pipeline/refresh.ts';
import { openOutbox } from '#platform/notify/outbox.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { type SimulatedLeague, simulateLeague } from '#simulate/league.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import {
  type Damage,
  Died,
  damagedModel,
  damagedObjects,
  damagedState,
  damagedWarehouse,
  deathOf,
  ImpossibleDamage,
  meetsLoads,
  type PlainStores,
} from './damage.ts';
import { type Delivery, deliveries, encode, leagueFeed } from './feed.ts';
import { HEALTHY, healthyWarehouse, reachOf } from './reach.ts';
import { type DayView, openIncidents, published } from './view.ts';

/** The first day on which something may go wrong; every day of the window has games but the ninth. */
export const FIRST_DAY = parseSlate('2024-11-20');
const THROUGH = '2024-12-05';
const CODE_VERSION = 'mutation';
/** The prepared homes of a folder: on the evening before the first day, and after the loads of its morning. */
export const HOME = 'home';
export const LOADED = 'loaded';
/** Few markets: each costs as much again in predictions, grades and documents. One is a sum of the others. */
const MARKETS = PUBLISHED_MARKETS.filter(({ id }) => ['points', 'rebounds', 'pr'].includes(id));

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
  readonly home: string;
  /** Runs one day: loads, the daily job, the looks of the checks when they are due; and says what came of it. */
  live(day: Slate): Promise<DayView>;
  /** The same without the looks. */
  run(day: Slate): Promise<void>;
  /** The loads of the morning of a day alone. */
  load(day: Slate): Promise<void>;
  /** The loads of a whole day alone. */
  loadAll(day: Slate): Promise<void>;
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

/** The world in a home; `isLoaded` when the loads of its first morning are over. */
export async function worldIn(
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
  const death = deathOf(active, () => isInJob);
  const warehouse =
    damage === undefined ? plain : damagedWarehouse(plain, damage, active, () => isInJob, death, reach);
  const exports =
    damage === undefined ? plainExports : damagedObjects(plainExports, 'exports', damage, active);
  const models = damage === undefined ? plainModels : damagedObjects(plainModels, 'models', damage, active);
  const state = damage === undefined ? plainState : damagedState(plainState, damage, active, death);
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
    const trained = modelSource(
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
    const models_ = damage === undefined ? trained : damagedModel(trained, damage, active);
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
    const healthyDeployment: Deployment = {
      codeVersion: CODE_VERSION,
      expectedVersion: CODE_VERSION,
      scheduledJobs: ['day'],
      configGaps: [],
      backup: 'saved',
      ownChecks: [],
    };
    const deployment =
      active() === undefined
        ? healthyDeployment
        : (damage?.deployment?.(healthyDeployment) ?? healthyDeployment);
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
  const run = async (day: Slate, isWatched: boolean): Promise<void> => {
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
    if (!(isFaulty && damage?.never === 'back-up')) await backUp(plainState, clock);
    if (isFaulty) await damage?.after?.(world, day);
    if (isWatched) {
      await look(
        easternInstant(day, '12:45'),
        ({ id, looksAt }) => looksAt === 'last_night' || looksAt === 'slate' || id === 'job_heartbeats',
      );
      // Before the reports and quotes of the afternoon, which no run follows here; and what of last night has become graver since noon.
      await look(
        easternInstant(day, '16:45'),
        ({ id, looksAt, severity: [first] }) =>
          CLAIMS.includes(id) || (looksAt === 'last_night' && first?.severity === 'info'),
      );
    }
    await loadAfternoon(day);
    if (isWatched)
      await look(easternInstant(day, '17:45'), ({ looksAt }) => looksAt === 'tonight' || looksAt === 'now');
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
      await run(day, true);
      return {
        day,
        blocks: Object.fromEntries(blocks),
        ...(await openIncidents(plainState)),
        failing: Object.fromEntries(failing),
        ...(await published(plain, plainExports, addDays(FIRST_DAY, -1))),
      };
    },
    run: (day) => run(day, false),
    load: loadMorning,
    loadAll: async (day) => {
      await loadMorning(day);
      await loadAfternoon(day);
    },
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

/** Checks of what is visible against what was said of it since. */
const CLAIMS = ['claims_hold', 'claimed_lines'];

/** The back-up of a day. */
async function backUp(state: StateStore, clock: SettableClock): Promise<void> {
  const at = clock.now().toISOString();
  const record = { generation: 1, newest: 1, created_at: at, verified_at: at, refused: [] };
  await writeBackupRecord(state, record);
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
