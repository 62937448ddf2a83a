import { join } from 'node:path';
import { addDays, parseSlate } from '#core/calendar.ts';
import { type Column, columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { canaryResults } from '#core/contracts/nba_orchestration.ts';
import { type InjuryReport, injuryReports } from '#core/contracts/nba_raw.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { beat } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { qualityReport } from '#guard/quality/report.ts';
import { recordReport, requireTrainable } from '#guard/quality/trend.ts';
import { applySchema } from '#guard/schema/apply.ts';
import { compare } from '#guard/schema/compare.ts';
import type { Schema } from '#guard/schema/model.ts';
import { modelSource } from '#model/model-source.ts';
import { DEFAULT_CONFIG } from '#model/train-config.ts';
import { FIRST_SEASON } from '#model/training-set.ts';
import { countSums } from '#model/week-sums.ts';
import { type DayResult, runDay } from '#pipeline/day.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { ingest } from '#pipeline/ingest/ingest.ts';
import { askInOrder, storeReceipts } from '#pipeline/ingest/providers/sources.ts';
import { watchedHttp } from '#pipeline/ingest/providers/watched-http.ts';
import { type Clock, virtualClock } from '#platform/clock.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';

const TONIGHT = parseSlate('2024-11-30');
const YESTERDAY = addDays(TONIGHT, -1);
const league = simulateLeague({
  ...{
    seed: 11,
    seasons: ['2023-24', '2024-25'],
    teams: 4,
    gamesPerTeam: 20,
    playersPerTeam: 12,
    withShots: true,
    through: TONIGHT,
  },
});

/** Names that are drawn at random for every run, and what each engine computes or spells in its own way. */
const DRAWN: ReadonlySet<string> = new Set([
  ...['run_id', 'batch_id', 'publication_id', 'prediction_id', 'report_id', 'checksum'],
  ...['ms', 'ran_at', 'engine', 'statement', 'change_id'],
]);
/** Checks whose answers are held against each other: one of each phase that asks a table. */
const ASKED = ['games_summarised', 'features_present', 'yesterday_graded', 'claims_hold'];
/** The count whose sums by week are held against each other. */
const SUMMED = [MAIN_MARKET];

/** What two days left behind. */
export interface GoldenDays {
  readonly days: readonly DayResult[];
  /** Rows by `dataset.table`, in the order of their keys; drawn names are masked. */
  readonly tables: ReadonlyMap<string, readonly Row[]>;
  /** The documents of the web page by path, without what was drawn. */
  readonly documents: ReadonlyMap<string, string>;
  /** What the engine adds up for training, by count. */
  readonly sums: Awaited<ReturnType<typeof countSums>>;
}

/**
 * Yesterday predicted at noon as it was then known, played and graded; tonight predicted at noon: every phase from the
 * raw rows of one league to grades and exports, on whichever warehouse.
 */
export async function liveGoldenDays(warehouse: Warehouse, folder: string): Promise<GoldenDays> {
  const clock = virtualClock(`${YESTERDAY}T17:00:00Z`);
  const state = openSqliteState(join(folder, 'state.sqlite'), { clock });
  const queue = openSqliteQueue(join(folder, 'state.sqlite'), { clock });
  const [exports, models] = [directoryObjects(join(folder, 'objects')), directoryObjects(folder)];
  const parts = { warehouse, clock, codeVersion: 'golden' };
  const deps = {
    ...{ ...parts, state, queue, exports, runId: 'golden', dataSource: 'simulated' as const },
    models: modelSource(
      { ...parts, objects: models, admit: (rows) => requireTrainable(warehouse, rows) },
      { trainWhenMissing: true, by: 'golden' },
    ),
  };
  try {
    const who = { clock, runId: 'golden', by: 'golden', codeVersion: 'golden' };
    // The emulator reads not all functions as the library writes them: what is compared are the receipts of tables and views.
    const differences = async (live: Schema, wanted: Schema) =>
      (await compare(live, wanted)).filter(({ kind }) => kind === 'table_added' || kind === 'view_added');
    await applySchema({ ...who, warehouse, contracts: CONTRACTS, views: VIEWS, compare: differences });
    await askProvider(warehouse, clock);
    const days: DayResult[] = [];
    for (const slate of [YESTERDAY, TONIGHT]) {
      if (slate === TONIGHT) clock.set(`${TONIGHT}T17:00:00Z`);
      await loadLeague(warehouse, league, { clock });
      days.push(await runDay(deps, { slate, by: 'golden' }));
    }
    // Somebody who was predicted at noon is ruled out, and taken back.
    clock.set(`${TONIGHT}T20:00:00Z`);
    await ruleOut(warehouse);
    days.push(await runDay(deps, { slate: TONIGHT, by: 'golden' }));
    const job = { job: 'day', ok: true, maxSilenceSeconds: 3600 };
    await beat({ warehouse, state, clock }, { ...job, ok: false });
    await beat({ warehouse, state, clock }, job);
    const range = { from: YESTERDAY, to: TONIGHT };
    await recordReport({ ...parts }, 'range', await qualityReport(warehouse, range));
    await runCanaries(
      {
        ...{ warehouse, state, exports, models, clock, queue },
        deployment: { codeVersion: 'golden', scheduledJobs: [], configGaps: [] },
      },
      { canaries: CATALOGUE.filter(({ id }) => ASKED.includes(id)), isPartial: true },
    );
    const sums = await countSums(warehouse, { from: FIRST_SEASON, before: TONIGHT }, SUMMED, DEFAULT_CONFIG);
    const tables = new Map<string, readonly Row[]>();
    for (const table of CONTRACTS) tables.set(tableId(table), await contentOf(warehouse, table));
    tables.set('nba_predictions.current_predictions', await visible(warehouse));
    const documents = new Map<string, string>();
    for (const path of await exports.list('')) {
      const stored = await exports.get(path);
      documents.set(path, withoutDrawn(Buffer.from(stored?.bytes ?? []).toString()));
    }
    return { days, tables, documents, sums };
  } finally {
    await queue.close();
    await state.close();
  }
}

/** A provider's list of players, one of them without a name: it leaves rows, a receipt and a rejected unit. */
async function askProvider(warehouse: Warehouse, clock: Clock): Promise<void> {
  const list = {
    resource: 'commonallplayers',
    parameters: { Season: '2024-25' },
    resultSets: [
      {
        name: 'CommonAllPlayers',
        headers: ['PERSON_ID', 'DISPLAY_FIRST_LAST', 'ROSTERSTATUS', 'FROM_YEAR', 'TO_YEAR', 'TEAM_ID'],
        rowSet: [
          [7001, 'Ann Archer', 1, '2020', '2024', 1610612738],
          [7002, 'Bob Baker', 0, '2012', '2023', 0],
          [7003, '', 1, '2020', '2024', 1610612738],
        ],
      },
    ],
  };
  const http = { get: async () => ({ status: 200, bytes: Buffer.from(JSON.stringify(list)), headers: {} }) };
  const watched = watchedHttp({ http, clock });
  const asked = await askInOrder(
    'players',
    [
      {
        ...{ provider: 'NBA.com', formats: ['nba_all_players_json'] },
        fetch: async (take) =>
          take(
            watched.http
              .get('https://players.example/all')
              .then(({ bytes }) => ({ path: 'players/all.json', bytes })),
          ),
      },
    ],
    { watched, clock, formats: FORMATS },
  );
  const files = asked.files.map(({ path, bytes }) => ({ path, read: async () => bytes }));
  await ingest({ warehouse, clock, files, formats: FORMATS });
  await storeReceipts(warehouse, [asked]);
}

/** A report after noon says that the first of those who were predicted tonight is out. */
async function ruleOut(warehouse: Warehouse): Promise<void> {
  const [first] = await warehouse.query<Pick<InjuryReport, 'player_id' | 'player_lookup' | 'team_abbr'>>(
    `SELECT player_id, player_lookup, team_abbr FROM nba_predictions.current_predictions
     WHERE slate = CAST(@slate AS DATE) ORDER BY player_id LIMIT 1`,
    { slate: TONIGHT },
  );
  if (first === undefined) throw new Error('nobody was predicted');
  const at = `${TONIGHT}T19:30:00Z`;
  await warehouse.append(injuryReports, [
    {
      ...Object.fromEntries(columnNames(injuryReports).map((name) => [name, null])),
      ...{ ...first, slate: TONIGHT, report_at: at, player_name: 'Ruled Out', status: 'out' },
      ...{ source: 'golden', source_file: 'golden', row_id: 'ruled out', ingested_at: at },
    },
  ]);
}

async function contentOf(warehouse: Warehouse, table: TableContract): Promise<Row[]> {
  const { partition } = table;
  const type = partition === undefined ? undefined : table.columns[partition]?.type;
  const bound = type === undefined ? '' : ` WHERE ${partition} >= CAST('1900-01-01' AS ${type})`;
  const rows = await warehouse.query<Row>(
    `SELECT ${columnNames(table).join(', ')} FROM ${tableId(table)}${bound}`,
  );
  // Only BigQuery says what a check is to read.
  const own = table === canaryResults ? { bytes: null } : {};
  return ordered(
    rows.map((row) => ({ ...masked(row), ...own })),
    table.columns,
    table.key,
  );
}

async function visible(warehouse: Warehouse): Promise<Row[]> {
  const rows = await warehouse.query<Row>(
    `SELECT slate, player_id, system_id, line, published_at FROM nba_predictions.current_predictions WHERE slate >= DATE '1900-01-01'`,
  );
  return ordered(rows, {}, ['slate', 'player_id', 'system_id', 'line']);
}

function masked(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, DRAWN.has(name) && value !== null ? 'drawn' : value]),
  );
}

/** By key, then by whatever else is exact: masked names leave keys that are equal. */
function ordered(rows: Row[], columns: Readonly<Record<string, Column>>, key: readonly string[]): Row[] {
  const exact = Object.keys(rows[0] ?? {}).filter(
    (name) => columns[name]?.type !== 'FLOAT64' && !key.includes(name),
  );
  const place = (row: Row): string => JSON.stringify([...key, ...exact].map((name) => row[name]));
  return rows
    .map((row) => ({ row, at: place(row) }))
    .toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)))
    .map(({ row }) => row);
}

function withoutDrawn(text: string): string {
  return text.replace(/"(?:batch|pub)-[^"]*"|"[0-9a-f]{8}-[0-9a-f-]{27}[^"]*"/g, '"drawn"');
}
