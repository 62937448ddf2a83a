import { daysBetween, type Slate, seasonOf, seasonSpan, slateOf } from '#core/calendar.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Publications of a range of slates, and whether the schedule has games in it. */
export interface Scope {
  readonly visible: readonly string[];
  readonly withdrawn: readonly {
    readonly publication_id: string;
    readonly withdrawn_at: string;
    readonly reason: string | null;
  }[];
  /** Withdrawn predictions of single players, newest first. */
  readonly withdrawnPlayers: readonly WithdrawnPlayer[];
  /** False only when the season is on the schedule and this range has no game; an unloaded schedule proves nothing. */
  readonly hasGames: boolean;
}

/** The withdrawal of one player's predictions in one market, with the reason. */
interface WithdrawnPlayer {
  readonly slate: string;
  readonly player_id: number;
  readonly market: string;
  readonly reason: string;
  readonly withdrawn_at: string;
}

/** What a season has, read once: every document needs a part of it. */
interface Season {
  readonly receipts: readonly {
    readonly slate: string;
    readonly publication_id: string;
    readonly event: string;
    readonly event_at: string;
    readonly reason: string | null;
  }[];
  readonly withdrawnPlayers: readonly WithdrawnPlayer[];
  /** Counted games by slate, and those of them that are still on. */
  readonly games: readonly { readonly slate: string; readonly games: number; readonly still_on: number }[];
}

/** Tells of slates [from, to] of one season which publications are visible or were withdrawn, and whether games are played. */
export type Scopes = (from: Slate, to: Slate) => Promise<Scope>;

/** Opens the scopes of one run of exports: a season is read when the first of its documents asks. */
export function scopesOf(warehouse: Warehouse): Scopes {
  const seasons = new Map<string, Promise<Season>>();
  return async (from, to) => {
    const name = seasonOf(from);
    const reading = seasons.get(name) ?? readSeason(warehouse, name);
    seasons.set(name, reading);
    return within(await reading, from, to);
  };
}

async function readSeason(warehouse: Warehouse, season: string): Promise<Season> {
  const span = { ...seasonSpan(season) };
  const receipts = await warehouse.query<Season['receipts'][number]>(
    `SELECT slate, publication_id, event, event_at, reason FROM nba_predictions.publications
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) ORDER BY event_at, publication_id`,
    span,
  );
  const withdrawnPlayers = await warehouse.query<WithdrawnPlayer>(
    `SELECT slate, player_id, market, reason, withdrawn_at FROM nba_predictions.withdrawals
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
     QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, player_id, market ORDER BY fencing_token DESC) = 1
     ORDER BY withdrawn_at DESC, slate, player_id, market`,
    span,
  );
  const games = await warehouse.query<Season['games'][number]>(
    `SELECT slate, COUNT(*) AS games, COUNTIF(status NOT IN ('postponed', 'cancelled')) AS still_on
     FROM nba_reference.schedule
     WHERE is_counted AND slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
     GROUP BY slate ORDER BY slate`,
    span,
  );
  return { receipts, withdrawnPlayers, games };
}

function within({ receipts, withdrawnPlayers, games }: Season, from: Slate, to: Slate): Scope {
  const isWithin = ({ slate }: { readonly slate: string }): boolean => slate >= from && slate <= to;
  const withdrawn = receipts
    .filter((row) => isWithin(row) && row.event === 'withdrawn')
    .map(({ publication_id, event_at, reason }) => ({ publication_id, withdrawn_at: event_at, reason }));
  const gone = new Set(withdrawn.map((row) => row.publication_id));
  return {
    visible: receipts
      .filter((row) => isWithin(row) && row.event === 'published' && !gone.has(row.publication_id))
      .map((row) => row.publication_id),
    withdrawn,
    withdrawnPlayers: withdrawnPlayers.filter(isWithin),
    hasGames: games.length === 0 || games.some((row) => isWithin(row) && row.still_on > 0),
  };
}

/** Documents of recent slates may change by the minute; those older than two days change only by a correction. */
export function cacheControlOf(lastSlate: Slate, clock: Clock): string {
  const age = daysBetween(lastSlate, slateOf(clock.now()));
  return age >= 2 ? 'public, max-age=86400' : 'public, max-age=60';
}

/** 2: rows name their market; `predicted`, `mean`, `sd` and `actual` in place of the names with points in them. */
export const SCHEMA_VERSION = 2;

/** Where the games come from. Anything but `real` is marked as simulated in every document. */
export type DataSource = 'real' | 'simulated' | 'mixed';

export type ExportKind = 'picks' | 'predictions' | 'results' | 'season-subsets';

/** Why a document has the rows it has: `ok` = some · `empty` = published, none qualified · `no_games` = none that day · `withdrawn` = withdrawn on purpose. */
export type DocumentStatus = 'ok' | 'empty' | 'no_games' | 'withdrawn';

/** The metadata of every exported document, which precedes its rows. */
interface DocumentHead {
  readonly schema_version: number;
  readonly kind: ExportKind;
  readonly status: DocumentStatus;
  readonly slate: string | null;
  readonly season: string | null;
  readonly generated_at: string;
  readonly data_source: DataSource;
  readonly simulated: boolean;
  /** Publications that the rows come from; the visible ones when there are no rows. */
  readonly publication_ids: readonly string[];
  readonly row_count: number;
}

/** A document to export, before it is decided whether it may be written. */
export interface Draft {
  readonly path: string;
  readonly kind: ExportKind;
  readonly slate: Slate | null;
  readonly season: string | null;
  readonly publicationIds: readonly string[];
  /** What counts as content: for subsets the picks, elsewhere the rows. */
  readonly rowCount: number;
  readonly rows: readonly object[];
  /** Members beside the rows. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cacheControl: string;
  /** Status that an empty document may have without anything stored to lose; undefined = it is not ready and not written. */
  readonly emptyStatus?: 'empty' | 'no_games' | 'withdrawn';
  /** True when a stored row is known to be obsolete: replaced by a newer publication, or withdrawn. */
  readonly isGone?: (row: StoredRow) => boolean;
}

export interface StoredRow {
  readonly player_id: unknown;
  readonly publication_id: unknown;
  readonly market?: unknown;
  readonly slate?: unknown;
}

/** A predicate that is true for stored rows of players whose predictions of the slate and market were withdrawn. */
export function isWithdrawnRow(
  { withdrawnPlayers }: Scope,
  slate: Slate | null,
): (row: StoredRow) => boolean {
  const keys = new Set(withdrawnPlayers.map((row) => `${row.slate} ${row.player_id} ${row.market}`));
  return (row) => keys.has(`${String(row.slate ?? slate)} ${String(row.player_id)} ${String(row.market)}`);
}

/** The document as text. Equal drafts at equal instants give equal bytes; members and rows keep their order. */
export function documentText(
  draft: Draft,
  status: DocumentStatus,
  generatedAt: string,
  dataSource: DataSource,
): string {
  const head: DocumentHead = {
    schema_version: SCHEMA_VERSION,
    kind: draft.kind,
    status,
    slate: draft.slate,
    season: draft.season,
    generated_at: generatedAt,
    data_source: dataSource,
    simulated: dataSource !== 'real',
    publication_ids: draft.publicationIds,
    row_count: draft.rowCount,
  };
  return `${JSON.stringify({ ...head, ...draft.extra, rows: draft.rows })}\n`;
}
