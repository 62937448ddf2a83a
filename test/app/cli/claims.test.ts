import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '#app/cli/program.ts';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { MARKETS } from '#core/markets.ts';
import { writeBackupRecord } from '#guard/backup-record.ts';
import { virtualClock } from '#platform/clock.ts';
import { loadLeague } from '#simulate/league.ts';
import { homeOfEvenings, LEAGUE } from '#test/app/site/published-evenings.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

// Two days of a league live through all phases before the first test, and two more in one of them.
vi.setConfig({ hookTimeout: 60_000, testTimeout: 60_000 });

const TONIGHT = '2024-11-30';
const YESTERDAY = '2024-11-29';
const NOON = '2024-11-30T17:15:00Z';
/** 16:30 in New York: half an hour after what the tests say has been loaded. */
const EVENING = '2024-11-30T21:30:00Z';
/** When the checks look: documents are due twenty minutes after a publication. */
const LATER = '2024-11-30T21:55:00Z';
const LOADED = '2024-11-30T20:40:00Z';

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;
let home: Folder;
let letGo: () => void;

// Two published evenings for all tests; each of them works on a copy.
beforeEach(async () => {
  home = await temporaryFolder();
  await cp(await homeOfEvenings(), home.path, { recursive: true });
  letGo = await holdWarehouse(home.path);
});
afterEach(async () => {
  letGo();
  await home.remove();
});

function fail(): never {
  throw new Error('the league has no game tonight');
}

const tipoff = (...args: string[]) => tipoffAt(EVENING, ...args);

async function tipoffAt(at: string, ...args: string[]) {
  const streams = { out: '', err: '' };
  const code = await main([...args, '--home', home.path, '--at', at, '--json'], {
    out: (text) => {
      streams.out += text;
    },
    err: (text) => {
      streams.err += text;
    },
  });
  return { code, json: streams.out === '' ? undefined : JSON.parse(streams.out), err: streams.err };
}

/** Works in the warehouse of the home between two commands. */
async function inWarehouse<T>(
  work: (warehouse: Awaited<ReturnType<typeof openWarehouse>>) => Promise<T>,
): Promise<T> {
  const warehouse = await openWarehouse({ path: join(home.path, 'warehouse.duckdb'), tables: 'none' });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}

interface Row {
  readonly player_id: number;
  readonly game_id: string;
  readonly player_lookup: string;
  readonly team_abbr: string;
  readonly line: string;
  readonly bookmaker: string;
  readonly publication_id: string;
}

const visible = () =>
  inWarehouse((warehouse) =>
    warehouse.query<Row>(
      `SELECT player_id, game_id, player_lookup, team_abbr, line, bookmaker, publication_id FROM nba_predictions.current_predictions
       WHERE slate = DATE '${TONIGHT}' AND market = 'points' AND system_id = 'ridge' AND line_role = 'main' ORDER BY player_id`,
    ),
  );
const document = async (name: string) =>
  JSON.parse(await readFile(join(home.path, 'objects', 'exports', name), 'utf8'));
const exported = async (): Promise<number[]> => [
  ...new Set<number>((await document(`${TONIGHT}/predictions.json`)).rows.map((row: Row) => row.player_id)),
];
/** What the checks of claims and documents say, by id. */
async function checks(...only: string[]): Promise<Record<string, string>> {
  const asked = only.length === 0 ? Object.keys(ALL_WELL) : only;
  const { json } = await tipoffAt(LATER, 'canary', 'run', '--only', ...asked);
  const results: { check: string; status: string }[] = json.results;
  return Object.fromEntries(results.map(({ check, status }) => [check, status]));
}
const ALL_WELL = { claims_hold: 'pass', claimed_lines: 'pass', export_equals_table: 'pass' };

describe('a published pick is a standing claim', () => {
  it('a player who is ruled out is withdrawn, with the reason, from what is visible and from the documents', async () => {
    const [star] = (await visible()).filter(({ line }) => line !== null);
    if (star === undefined) return fail();
    await inWarehouse((warehouse) =>
      warehouse.execute(
        `INSERT INTO nba_raw.injury_reports BY NAME SELECT TIMESTAMPTZ '${LOADED}' AS report_at, DATE '${TONIGHT}' AS slate,
           '${star.team_abbr}' AS team_abbr, ${star.player_id} AS player_id, 'Star' AS player_name, '${star.player_lookup}' AS player_lookup,
           'out' AS status, 'test' AS source, 'test' AS source_file, 'scratch' AS row_id, TIMESTAMPTZ '${LOADED}' AS ingested_at`,
      ),
    );
    expect(await checks('claims_hold')).toEqual({ claims_hold: 'fail' });
    const { code, json } = await tipoff('predict', TONIGHT, '--mode', 'LAST_CALL');
    expect({ code, withdrawn: json.withdrawn }).toEqual({ code: 0, withdrawn: { player_out: 1 } });
    expect((await visible()).map(({ player_id }) => player_id)).not.toContain(star.player_id);
    expect(await exported()).not.toContain(star.player_id);
    expect((await document(`${TONIGHT}/picks.json`)).withdrawn_players).toMatchObject(
      MARKETS.map(({ id }) => ({ market: id, player_id: star.player_id, reason: 'player_out' })).sort(
        (a, b) => (a.market < b.market ? -1 : 1),
      ),
    );
    expect(await checks()).toEqual(ALL_WELL);
    // Withdrawing the publication that withdrew him does not bring back what is not true.
    const undone = await tipoff('publish', 'undo', json.publication_id, '--reason', 'test');
    expect(undone.code).toBe(0);
    expect((await visible()).map(({ player_id }) => player_id)).not.toContain(star.player_id);
    expect(await checks()).toEqual(ALL_WELL);
  });

  it('the picks of a postponed game go, and its players come back when it is on again', async () => {
    const [before, documented] = [await visible(), await exported()];
    const game = before[0]?.game_id ?? fail();
    const said = (status: string, at: string) =>
      inWarehouse((warehouse) =>
        warehouse.execute(
          `INSERT INTO nba_raw.schedule_games BY NAME SELECT * REPLACE ('current' AS statement, '${status}' AS status,
             TIMESTAMPTZ '${at}' AS observed_at, TIMESTAMPTZ '${at}' AS ingested_at, row_id || '${status}' AS row_id)
           FROM nba_raw.schedule_games WHERE game_id = '${game}' AND status = 'scheduled' LIMIT 1`,
        ),
      );
    await said('postponed', LOADED);
    const off = await tipoff('predict', TONIGHT, '--mode', 'LAST_CALL');
    expect(off.json.withdrawn.game_postponed).toBeGreaterThan(8);
    expect((await visible()).filter(({ game_id }) => game_id === game)).toEqual([]);
    expect(await checks()).toEqual(ALL_WELL);
    await said('scheduled', EVENING);
    const on = await tipoff('predict', TONIGHT, '--mode', 'LAST_CALL');
    expect(on.code).toBe(0);
    expect((await visible()).length).toBe(before.length);
    expect(await exported()).toEqual(documented);
    expect(await checks()).toEqual(ALL_WELL);
  });

  it('the last game to be postponed leaves an empty document that says so', async () => {
    await inWarehouse((warehouse) =>
      warehouse.execute(
        `INSERT INTO nba_raw.schedule_games BY NAME SELECT * REPLACE ('current' AS statement, 'postponed' AS status,
           TIMESTAMPTZ '${LOADED}' AS observed_at, TIMESTAMPTZ '${LOADED}' AS ingested_at, row_id || 'off' AS row_id)
         FROM nba_raw.schedule_games WHERE slate = DATE '${TONIGHT}' AND game_id IS NOT NULL`,
      ),
    );
    const { code, json } = await tipoff('predict', TONIGHT, '--mode', 'LAST_CALL');
    expect({ code, state: json.state }).toEqual({ code: 0, state: 'published' });
    expect(await visible()).toEqual([]);
    expect(await document(`${TONIGHT}/predictions.json`)).toMatchObject({ status: 'no_games', row_count: 0 });
    expect(await checks('claims_hold', 'export_equals_table')).toEqual({
      claims_hold: 'skip',
      export_equals_table: 'pass',
    });
  });

  it('a line that has moved or was taken down is predicted anew, and nobody else', async () => {
    const before = await visible();
    const [mover, gone] = before.filter(({ line }) => line !== null);
    if (mover === undefined || gone === undefined) return fail();
    await inWarehouse(async (warehouse) => {
      // A new board of every bookmaker: one line has moved by two points, one player is not on it any more.
      await warehouse.execute(
        `INSERT INTO nba_raw.player_lines BY NAME SELECT * REPLACE (TIMESTAMPTZ '${LOADED}' AS snapshot_at, TIMESTAMPTZ '${NOON}' AS ingested_at,
           row_id || 'new' AS row_id, CASE WHEN player_lookup = '${mover.player_lookup}' THEN line + 2 ELSE line END AS line)
         FROM nba_raw.player_lines WHERE slate = DATE '${TONIGHT}' AND player_lookup <> '${gone.player_lookup}'
         QUALIFY RANK() OVER (PARTITION BY market, bookmaker, player_lookup ORDER BY snapshot_at DESC) = 1`,
      );
    });
    const { code } = await tipoff('predict', TONIGHT, '--mode', 'LAST_CALL');
    expect(code).toBe(0);
    const after = new Map((await visible()).map((row) => [row.player_id, row]));
    expect(Number(after.get(mover.player_id)?.line)).toBe(Number(mover.line) + 2);
    expect(after.get(gone.player_id)).toBeUndefined();
    const changed = before.filter(
      ({ player_id, publication_id }) => after.get(player_id)?.publication_id !== publication_id,
    );
    expect(changed.map(({ player_id }) => player_id)).toEqual([mover.player_id, gone.player_id]);
    expect(await checks()).toEqual(ALL_WELL);
  });

  it('a withdrawn publication takes its documents with it, and grading keeps them right', async () => {
    const id = (await visible())[0]?.publication_id ?? fail();
    const { code, json } = await tipoff('publish', 'undo', id, '--reason', 'test');
    expect(code).toBe(0);
    expect(json.documents.map(({ status }: { status: string }) => status)).toContain('withdrawn');
    expect(await document(`${TONIGHT}/picks.json`)).toMatchObject({ status: 'withdrawn', row_count: 0 });
    expect((await document('manifest.json')).documents).toContainEqual(
      expect.objectContaining({ path: `exports/${TONIGHT}/picks.json`, status: 'withdrawn', row_count: 0 }),
    );
    expect(await checks('export_equals_table')).toEqual({ export_equals_table: 'pass' });
    expect((await tipoff('grade', TONIGHT)).code).toBe(0);
    expect(await checks('export_equals_table')).toEqual({ export_equals_table: 'pass' });
  });

  it('a home restored two weeks later is not asked for the documents it lacks, and any other one is', async () => {
    const WEEKS_LATER = '2024-12-16T17:00:00Z';
    // The file of the warehouse is replaced.
    letGo();
    letGo = () => undefined;
    const store = await temporaryFolder();
    const place = ['--store', store.path, '--plain'];
    // The home was saved before, to a store that is not this one.
    expect((await tipoffAt(WEEKS_LATER, 'backup', 'create', '--adopt', ...place)).code).toBe(0);
    const restored = await tipoffAt(WEEKS_LATER, 'restore', '--replace', ...place);
    expect(restored.json.documents_left_out).toMatchObject({ from: YESTERDAY, to: TONIGHT });
    // The manifest lists what is there.
    expect((await tipoffAt(WEEKS_LATER, 'export', TONIGHT, '--only', 'picks')).code).toBe(0);
    const paths = (await document('manifest.json')).documents.map(({ path }: { path: string }) => path);
    expect(paths).toContain(`exports/${TONIGHT}/picks.json`);
    expect(paths).not.toContain(`exports/${TONIGHT}/predictions.json`);
    const equal = async (): Promise<unknown> => {
      const { json } = await tipoffAt(WEEKS_LATER, 'canary', 'run', '--only', 'export_equals_table');
      return json.results[0];
    };
    expect(await equal()).toMatchObject({ status: 'pass' });
    const app = await openApp(readConfig({ TIPOFF_HOME: home.path }), {
      command: 'test',
      clock: virtualClock(WEEKS_LATER),
      write: () => undefined,
    });
    await writeBackupRecord(app.state, undefined);
    await app.close();
    expect(await equal()).toMatchObject({
      status: 'fail',
      offenders: [YESTERDAY, TONIGHT].map(
        (slate) => `exports/${slate}/predictions.json in the manifest: is not in the manifest`,
      ),
    });
    await store.remove();
  });

  it('what a person publishes from a held batch is exported in the same step', async () => {
    const id = (await visible())[0]?.publication_id ?? fail();
    await tipoff('publish', 'undo', id, '--reason', 'test');
    expect((await tipoff('batch', 'start', TONIGHT, '--mode', 'LAST_CALL')).code).toBe(0);
    const reset = await tipoff(
      'batch',
      'reset',
      '--slate',
      TONIGHT,
      '--reason',
      'test',
      '--staged',
      'publish',
    );
    expect(reset.code).toBe(0);
    expect(await checks('export_equals_table')).toEqual({ export_equals_table: 'pass' });
  });
});

describe('statuses of the last hour', () => {
  const minutesBefore = (instant: string, minutes: number): string =>
    new Date(Date.parse(instant) - minutes * 60_000).toISOString();
  const forecasts = () =>
    inWarehouse((warehouse) =>
      warehouse.query<Row & { mean: number; freed_min: number; p_plays: number }>(
        `SELECT player_id, player_lookup, game_id, team_abbr, publication_id, mean, freed_min, p_plays
         FROM nba_predictions.current_predictions
         WHERE slate = DATE '${TONIGHT}' AND market = 'points' AND system_id = 'ridge' AND line_role IN ('main', 'none') ORDER BY player_id`,
      ),
    );

  it('a player reported out 25 minutes before tip-off leaves the picks in the last call, and the forecasts of his team move', async () => {
    const [game] = await inWarehouse((warehouse) =>
      warehouse.query<{ game_id: string; tipoff_at: string }>(
        `SELECT game_id, tipoff_at FROM nba_reference.counted_games WHERE slate = DATE '${TONIGHT}' ORDER BY tipoff_at DESC, game_id LIMIT 1`,
      ),
    );
    const { game_id, tipoff_at } = game ?? fail();
    const [calm, said, call] = [26, 25, 20].map((minutes) => minutesBefore(tipoff_at, minutes));
    if (calm === undefined || said === undefined || call === undefined) return fail();
    await inWarehouse((warehouse) =>
      loadLeague(warehouse, simulatedLeague(LEAGUE), { clock: virtualClock(calm), since: NOON }),
    );
    expect((await tipoffAt(calm, 'day', TONIGHT)).json).toMatchObject({ state: 'published' });
    const before = await forecasts();
    const [star] = before
      .filter((row) => row.game_id === game_id && row.p_plays > 0.9)
      .sort((a, b) => b.mean - a.mean);
    if (star === undefined) return fail();

    await inWarehouse(async (warehouse) => {
      // The same report again, with one player more.
      await warehouse.execute(
        `INSERT INTO nba_raw.injury_reports BY NAME
         WITH said_before AS (
           SELECT * FROM nba_raw.injury_reports WHERE slate = DATE '${TONIGHT}' AND player_id <> ${star.player_id}
           QUALIFY report_at = MAX(report_at) OVER ()
         )
         SELECT * REPLACE (TIMESTAMPTZ '${said}' AS report_at, TIMESTAMPTZ '${said}' AS ingested_at, row_id || ' again' AS row_id) FROM said_before
         UNION ALL BY NAME
         SELECT TIMESTAMPTZ '${said}' AS report_at, DATE '${TONIGHT}' AS slate, '${star.team_abbr}' AS team_abbr, ${star.player_id} AS player_id,
           'Star' AS player_name, '${star.player_lookup}' AS player_lookup, 'out' AS status, 'test' AS source, 'test' AS source_file,
           'scratch' AS row_id, TIMESTAMPTZ '${said}' AS ingested_at`,
      );
    });
    const { code, json } = await tipoffAt(call, 'day', TONIGHT);
    expect({ code, mode: json.mode, withdrawn: json.withdrawn }).toMatchObject({
      code: 0,
      mode: 'LAST_CALL',
      withdrawn: { player_out: 1 },
    });
    const after = new Map((await forecasts()).map((row) => [row.player_id, row]));
    expect(after.get(star.player_id)).toBeUndefined();
    const { withdrawn_players, ...picks } = await document(`${TONIGHT}/picks.json`);
    expect(JSON.stringify(picks)).not.toContain(`"player_id":${star.player_id},`);
    expect(JSON.stringify(withdrawn_players)).toContain(`"player_id":${star.player_id},`);

    const mates = before.filter(
      (row) => row.team_abbr === star.team_abbr && row.player_id !== star.player_id,
    );
    expect(mates.length).toBeGreaterThan(6);
    for (const mate of mates) {
      const now = after.get(mate.player_id);
      expect(now?.publication_id).toBe(json.publication_id);
      expect((now?.freed_min ?? 0) - mate.freed_min).toBeGreaterThan(10);
      expect(now?.mean).not.toBe(mate.mean);
    }
    // Nothing was said about the other teams: what was published of them is left alone.
    const others = before.filter((row) => row.team_abbr !== star.team_abbr);
    expect(others.length).toBeGreaterThan(8);
    expect(others.filter((row) => after.get(row.player_id)?.publication_id !== row.publication_id)).toEqual(
      [],
    );
  });
});
