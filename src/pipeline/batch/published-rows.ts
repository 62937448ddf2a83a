import { createHash } from 'node:crypto';
import type { Slate } from '#core/calendar.ts';
import { type Column, columnNames, tableId } from '#core/contracts/define.ts';
import {
  playerPropPredictions,
  type StagedPrediction,
  type SubsetPick,
  stagedPredictions,
  subsetPicks,
} from '#core/contracts/nba_predictions.ts';
import { marketOf, scaleOf } from '#core/markets.ts';
import { hashText } from '#core/random.ts';
import { joinedSql, type Statement, statement } from '#core/statement.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { rounded, type Warehouse } from '#platform/warehouse/port.ts';
import type { UnitDoc } from './state.ts';

/** How lopsided a slate is, shown with its picks. */
export type DailySignal = 'green' | 'yellow' | 'red';

/** A row of the system that picks, at the main line. */
export interface PickRow {
  readonly publication_id: string;
  readonly prediction_id: string;
  readonly slate: string;
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly player_id: number;
  readonly recommendation: string;
  readonly edge: number;
  readonly expected_value: number | null;
  readonly is_actionable: boolean;
}

interface Subset {
  readonly id: string;
  readonly minEdge?: number;
  readonly side?: 'OVER';
  /** Only on slates that are not red. */
  readonly needsSignal?: true;
  readonly top?: number;
}

/** The eight subsets of a market. Edges are absolute, in points, and as much in other markets by their scale. */
const SUBSETS: readonly Subset[] = [
  { id: 'top_pick', side: 'OVER', needsSignal: true, top: 1 },
  { id: 'top_3', top: 3 },
  { id: 'top_5', top: 5 },
  { id: 'high_edge_over', minEdge: 5, side: 'OVER' },
  { id: 'high_edge_all', minEdge: 5 },
  { id: 'ultra_high_edge', minEdge: 7 },
  { id: 'green_light', needsSignal: true },
  { id: 'all_picks' },
];

/** Sides with a large edge from which on a slate can be green. */
const ENOUGH_SIDES = 3;

/**
 * For the rows of one market: red when one side has less than a quarter of the sides of the slate, yellow when it has less than 35 % or fewer than
 * three of them have an edge of five points, else green. Measured on the sides of the picking system at the main lines.
 */
export function dailySignal(rows: readonly PickRow[]): DailySignal {
  const sides = rows.filter(({ recommendation }) => recommendation === 'OVER' || recommendation === 'UNDER');
  const share =
    sides.length === 0
      ? 0.5
      : sides.filter(({ recommendation }) => recommendation === 'OVER').length / sides.length;
  const lesser = Math.min(share, 1 - share);
  if (lesser < 0.25) return 'red';
  const large = sides.filter((row) => edgeOf(row) >= 5).length;
  return lesser < 0.35 || large < ENOUGH_SIDES ? 'yellow' : 'green';
}

/** The order of picks: by expected value, then by id. */
function bestFirst(
  a: Pick<PickRow, 'expected_value' | 'prediction_id'>,
  b: Pick<PickRow, 'expected_value' | 'prediction_id'>,
): number {
  return (b.expected_value ?? 0) - (a.expected_value ?? 0) || a.prediction_id.localeCompare(b.prediction_id);
}

/**
 * Ids of new actionable rows that do not become picks because better ones do: a slate has at most `maxPicks` picks, those of
 * players with earlier rows included, and a player at most one.
 */
export function surplusPicks(
  own: readonly Pick<PickRow, 'expected_value' | 'prediction_id' | 'player_id' | 'is_actionable'>[],
  maxPicks: number,
): string[] {
  const chosen = new Set<number>();
  return own
    .filter(({ is_actionable }) => is_actionable)
    .sort(bestFirst)
    .flatMap(({ player_id, prediction_id }) => {
      if (chosen.has(player_id) || chosen.size >= maxPicks) return [prediction_id];
      chosen.add(player_id);
      return [];
    });
}

/** The size of an edge in points, whatever the market counts. */
function edgeOf({ edge, market }: Pick<PickRow, 'edge' | 'market'>): number {
  const known = marketOf(market);
  return known === undefined ? 0 : Math.abs(edge) / scaleOf(known);
}

/** The picks of every subset, ranked, market by market. Only actionable rows are picks. */
export function subsetPicksOf(rows: readonly PickRow[]): SubsetPick[] {
  return [...Map.groupBy(rows, ({ market }) => market).values()].flatMap(picksOfMarket);
}

function picksOfMarket(rows: readonly PickRow[]): SubsetPick[] {
  const daily_signal = dailySignal(rows);
  const ranked = rows.filter((row) => row.is_actionable).sort(bestFirst);
  return SUBSETS.flatMap((subset) => {
    if (subset.needsSignal === true && daily_signal === 'red') return [];
    const members = ranked.filter(
      (row) =>
        edgeOf(row) >= (subset.minEdge ?? 0) &&
        (subset.side === undefined || row.recommendation === subset.side),
    );
    return members.slice(0, subset.top).map(
      (row, i): SubsetPick => ({
        publication_id: row.publication_id,
        subset_id: subset.id,
        prediction_id: row.prediction_id,
        slate: row.slate,
        record_class: row.record_class,
        market: row.market,
        system_id: row.system_id,
        rank: i + 1,
        player_id: row.player_id,
        daily_signal,
      }),
    );
  });
}

const NAMES = columnNames(stagedPredictions);
const COLUMNS = NAMES.join(', ');
/** The system whose rows make the picks; the market-aware view is published beside it. */
const PICKING_SYSTEM = CHAMPION_SYSTEM;

/** Live before the tip-off when a daily mode publishes it, else backfill. */
const RECORD_CLASS = `CASE WHEN run_mode <> 'BACKFILL' AND tipoff_at > CAST(@published_at AS TIMESTAMP) THEN 'live' ELSE 'backfill' END`;

/** What a pick is chosen by, beyond its record class and what all picks of a slate have in common. */
const PICK_NAMES: readonly string[] = [
  'prediction_id',
  'market',
  'player_id',
  'recommendation',
  'edge',
  'expected_value',
  'is_actionable',
];
const PICK = PICK_NAMES.join(', ');
const IS_PICK = `system_id = '${PICKING_SYSTEM}' AND line_role = 'main'`;
type Common = Pick<PickRow, 'publication_id' | 'slate' | 'system_id'>;

/**
 * Reads columns of the staging tables of finished units by name: all of them by default. While one version of the code follows
 * another, workers of both stage: a column that a unit's worker did not know is null.
 */
export function stagedSelect(units: readonly UnitDoc[], names: readonly string[] = NAMES): string {
  const types: Readonly<Record<string, { readonly type: string }>> = stagedPredictions.columns;
  return units
    .flatMap(({ staging_table: table, columns: known }) => {
      if (table === null) return [];
      const columns = names.map((name) =>
        known === undefined || known.includes(name) ? name : `CAST(NULL AS ${types[name]?.type}) AS ${name}`,
      );
      return [`SELECT ${columns.join(', ')} FROM nba_predictions.${table}`];
    })
    .join(' UNION ALL ');
}

const OWNER = 'pipeline/batch/published-rows';

/** Columns that are published as they were made: all but what makes a row a pick, which is decided when a slate is published. */
const KEPT = Object.entries<Column>(stagedPredictions.columns).filter(
  ([name]) => name !== 'is_actionable' && name !== 'filter_reason',
);
const TEXTS = KEPT.filter(([, { type }]) => type === 'STRING');
/** Each with an odd weight of its own, so that values that change places are told apart. */
const NUMBERS = KEPT.filter(([, { type }]) => type !== 'STRING').map(
  ([name, column], i) => [name, column, 2 * i + 3] as const,
);
/** Placeholders for a missing text and a missing number; a number of a million or more counts as missing. */
const NO_TEXT = '~';
const NO_NUMBER = 999_983;
const MAX_NUMBER = 1_000_000;
const SEPARATOR = '|';

/**
 * SQL: a hash of a row of the staged or published predictions, over the columns that are published as they were made. Numbers enter it as
 * one sum of whole numbers: a text of each of them takes twice as long.
 */
export const ROW_DIGEST = `fn.text_hash(${joinedSql(
  [
    ...TEXTS.map(([name]) => `COALESCE(${name}, '${NO_TEXT}')`),
    `CAST(${joinedSql(
      NUMBERS.map(([name, column, weight]) => `${wholeSql(name, column)} * ${weight}`),
      '+',
    )} AS STRING)`,
  ],
  `|| '${SEPARATOR}' ||`,
)})`;

/** Identifies how a digest was computed. Others are not compared: during a deployment two versions of the code write rows. */
const LAYOUT = (hashText(ROW_DIGEST) >>> 0).toString(16);

/** SQL: the digest of several rows, from the exclusive or of their hashes. */
export function digestSql(combined: string): string {
  return `'${LAYOUT}:' || CAST(${combined} AS STRING)`;
}

/** SQL: true for a digest that this version computed. */
export function isComparableSql(digest: string): string {
  return `${digest} LIKE '${LAYOUT}:%'`;
}

/** Decimals of a column that enter the digest: of an exact decimal, such as a line, all nine that are stored. */
function decimalsOf({ type, decimals = 0 }: Column): number {
  return type === 'NUMERIC' ? 9 : decimals;
}

/** SQL: a value as a whole number. */
function wholeSql(name: string, column: Column): string {
  switch (column.type) {
    case 'FLOAT64':
    case 'NUMERIC':
      return `CASE WHEN ABS(${name}) < ${MAX_NUMBER} THEN CAST(ROUND(${name} * ${10 ** decimalsOf(column)}) AS INT64) ELSE ${NO_NUMBER} END`;
    case 'TIMESTAMP':
      return `COALESCE(CAST(ROUND(fn.seconds_between(TIMESTAMP '1970-01-01T00:00:00Z', ${name})) AS INT64), ${NO_NUMBER})`;
    case 'DATE':
      return `COALESCE(fn.epoch_day(${name}), ${NO_NUMBER})`;
    case 'BOOL':
      return `CASE WHEN ${name} THEN 1 WHEN NOT ${name} THEN 0 ELSE ${NO_NUMBER} END`;
    default:
      return `COALESCE(${name}, ${NO_NUMBER})`;
  }
}

/** The same whole number of a value before it is stored. */
function wholeOf(value: string | number | boolean | null, column: Column): number {
  if (value === null) return NO_NUMBER;
  const decimals = decimalsOf(column);
  switch (column.type) {
    case 'FLOAT64':
    case 'NUMERIC':
      return Math.abs(Number(value)) < MAX_NUMBER
        ? Math.round(rounded(Number(value), decimals) * 10 ** decimals)
        : NO_NUMBER;
    case 'TIMESTAMP':
      return Math.round(Date.parse(String(value)) / 1000);
    case 'DATE':
      return Date.parse(String(value)) / 86_400_000;
    default:
      return Number(value);
  }
}

/** The digest of rows before they are stored, equal to that of `digestSql` over the stored ones. */
export function digestOfRows(rows: readonly StagedPrediction[]): string {
  const hashes = rows.map((row) => {
    const of = (name: string) => row[name as keyof StagedPrediction];
    const numbers = NUMBERS.map(([name, column, weight]) => wholeOf(of(name), column) * weight);
    const texts = [
      ...TEXTS.map(([name]) => of(name) ?? NO_TEXT),
      numbers.reduce((sum, number) => sum + number, 0),
    ];
    return createHash('md5').update(texts.join(SEPARATOR)).digest().readUInt32BE(0);
  });
  return `${LAYOUT}:${hashes.reduce((all, hash) => (all ^ hash) >>> 0, 0)}`;
}

/** The digest of several players' rows from each player's; null for nobody, and when one is missing or of another version. */
export function digestOfAll(digests: readonly (string | undefined)[]): string | null {
  const hashes = digests.map(hashIn);
  if (hashes.length === 0 || hashes.includes(undefined)) return null;
  return `${LAYOUT}:${hashes.reduce<number>((all, hash = 0) => (all ^ hash) >>> 0, 0)}`;
}

/** The hash in a digest; undefined for none, and for one of another version. */
export function hashIn(digest: string | undefined): number | undefined {
  const [layout, hash] = digest?.split(':') ?? [];
  return layout === LAYOUT && hash !== undefined ? Number(hash) : undefined;
}

/** A column of a staged row as it is published: a pick among those in `beyond` is none. */
function publishedColumn(name: string): string {
  const isBeyond = 'is_actionable AND prediction_id IN UNNEST(@beyond)';
  if (name === 'is_actionable') return 'is_actionable AND prediction_id NOT IN UNNEST(@beyond)';
  if (name === 'filter_reason') return `CASE WHEN ${isBeyond} THEN 'better_picks' ELSE filter_reason END`;
  return name;
}

/** Copies staged rows into the predictions, unless the slate has an event with this token or a larger one. */
export function copyOfStaged(units: readonly UnitDoc[]): Statement {
  return statement({
    owner: OWNER,
    sql: `INSERT INTO ${tableId(playerPropPredictions)} (publication_id, record_class, ${COLUMNS})
     SELECT @publication_id, ${RECORD_CLASS}, ${columnNames(stagedPredictions).map(publishedColumn).join(', ')}
     FROM (${stagedSelect(units)}) AS staged
     WHERE NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
       WHERE q.slate = CAST(@slate AS DATE) AND q.fencing_token >= CAST(@token AS INT64))`,
  });
}

/** What subset picks are chosen from, among staged rows. */
export function stagedPicks(units: readonly UnitDoc[]): Statement {
  return statement({
    owner: OWNER,
    sql: `SELECT ${RECORD_CLASS} AS record_class, ${PICK} FROM (${stagedSelect(units, [...PICK_NAMES, 'run_mode', 'tipoff_at', 'system_id', 'line_role'])}) AS staged
       WHERE ${IS_PICK}`,
  });
}

/** The same among the visible rows of some players; parameters `slate` and `others`. */
export const VISIBLE_PICKS = statement({
  owner: OWNER,
  sql: `SELECT record_class, ${PICK} FROM nba_predictions.current_predictions
           WHERE slate = CAST(@slate AS DATE) AND ${IS_PICK} AND player_id IN UNNEST(@others)`,
});

/** An attempt to publish the staged rows of a batch. */
export interface Copy {
  readonly slate: Slate;
  readonly publicationId: string;
  /** Fencing token of the attempt. */
  readonly token: number;
  readonly units: readonly UnitDoc[];
  /** ISO instant. */
  readonly at: string;
}

/**
 * Copies staged rows into the predictions table under a publication id, in one atomic statement. Every attempt has an id of
 * its own, so there is nothing to replace. Copies nothing once the slate has an event with this token or a larger one: whoever fenced
 * the attempt off has removed its rows, and it must not add any more. Rows are live when `at` is before their tip-off
 * and the mode is no backfill. Picks in `beyond` become rows that are only kept.
 */
export async function copyRows(
  warehouse: Warehouse,
  { slate, publicationId, token, units, at }: Copy,
  beyond: readonly string[],
): Promise<void> {
  await warehouse.execute(copyOfStaged(units).sql, {
    publication_id: publicationId,
    published_at: at,
    slate,
    token,
    beyond,
  });
}

/** The picks of a publication. */
export interface Choice {
  readonly picks: readonly SubsetPick[];
  /** Rows that would be picks, were there no better ones. */
  readonly beyond: readonly string[];
}

/**
 * Chooses the picks of a slate from the rows of this publication, beside the visible ones of players it does not have;
 * `players` are those whom it has. Reads the staged rows, so that it need not wait for their copy. What is already published
 * stays a pick: new ones have the places that are left.
 */
export async function choosePicks(
  warehouse: Warehouse,
  copy: Copy,
  players: ReadonlySet<number>,
  maxPicks: number,
): Promise<Choice> {
  const isStaged = copy.units.some(({ staging_table }) => staging_table !== null);
  const [own, others] = await Promise.all([
    isStaged
      ? warehouse.query<Omit<PickRow, keyof Common>>(stagedPicks(copy.units).sql, { published_at: copy.at })
      : [],
    othersOf(warehouse, copy.slate, players),
  ]);
  const common: Common = { publication_id: copy.publicationId, slate: copy.slate, system_id: PICKING_SYSTEM };
  // Most batches have every player of the slate, and what is visible is expensive to find out.
  const earlier =
    others.length === 0
      ? []
      : await warehouse.query<Omit<PickRow, keyof Common>>(VISIBLE_PICKS.sql, { slate: copy.slate, others });
  const taken = earlier.filter(({ is_actionable }) => is_actionable).length;
  const beyond = new Set(surplusPicks(own, Math.max(0, maxPicks - taken)));
  const kept = own.map((row) => (beyond.has(row.prediction_id) ? { ...row, is_actionable: false } : row));
  return {
    picks: subsetPicksOf([...kept, ...earlier].map((row) => ({ ...row, ...common }))),
    beyond: [...beyond],
  };
}

/** Players besides these who have rows of the slate, visible or not. */
async function othersOf(warehouse: Warehouse, slate: Slate, players: ReadonlySet<number>): Promise<number[]> {
  const all = await warehouse.query<{ player_id: number }>(
    `SELECT DISTINCT player_id FROM ${tableId(playerPropPredictions)} WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  return all.map(({ player_id }) => player_id).filter((id) => !players.has(id));
}

/** What is visible of a slate and picks may be chosen from, with the newest visible publication. */
export const PICKABLE = statement({
  owner: OWNER,
  sql: `
SELECT n.publication_id, c.slate, c.system_id, c.record_class, ${PICK_NAMES.map((name) => `c.${name}`).join(', ')}
FROM nba_predictions.current_predictions c
CROSS JOIN (
  SELECT p.publication_id FROM nba_predictions.publications p
  LEFT JOIN nba_predictions.publications w ON w.publication_id = p.publication_id AND w.event = 'withdrawn' AND w.slate = CAST(@slate AS DATE)
  WHERE p.slate = CAST(@slate AS DATE) AND p.event = 'published' AND w.publication_id IS NULL
  QUALIFY ROW_NUMBER() OVER (ORDER BY p.fencing_token DESC, p.publication_id) = 1
) AS n
WHERE c.slate = CAST(@slate AS DATE) AND c.${IS_PICK.replace(' AND ', ' AND c.')}`,
});

/** The picks of the newest visible publication of a slate as its visible rows give them, and as they are stored. */
export async function picksOfSlate(
  warehouse: Warehouse,
  slate: Slate,
): Promise<{ readonly due: readonly SubsetPick[]; readonly stored: readonly SubsetPick[] }> {
  const rows = await warehouse.query<PickRow>(PICKABLE.sql, { slate });
  const [newest] = rows;
  if (newest === undefined) return { due: [], stored: [] };
  const stored = await warehouse.query<SubsetPick>(
    `SELECT ${columnNames(subsetPicks).join(', ')} FROM nba_predictions.subset_picks
     WHERE slate = CAST(@slate AS DATE) AND publication_id = @publication_id`,
    { slate, publication_id: newest.publication_id },
  );
  return { due: subsetPicksOf(rows), stored };
}
