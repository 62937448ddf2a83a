import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { listPublications } from '#pipeline/batch/receipt.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** A forecast of the champion at the main line, as it was visible at some moment. */
interface Visible {
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly market: string;
  readonly line: string | null;
  readonly predicted: number;
  readonly p_over: number | null;
  readonly recommendation: string;
  readonly is_actionable: boolean;
}

/** One side of a comparison: a publication or a home. */
interface Side {
  readonly name: string;
  readonly rows: readonly Visible[];
}

type ChangeKind = 'new' | 'gone' | 'picked' | 'dropped' | 'turned' | 'line' | 'forecast';

export interface Change {
  readonly kind: ChangeKind;
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly market: string;
  readonly before: Visible | null;
  readonly after: Visible | null;
}

export interface Difference {
  readonly slate: Slate;
  readonly before: string;
  readonly after: string;
  /** Forecasts on both sides. */
  readonly compared: number;
  readonly same: number;
  /** Changes of picks first, then of lines and forecasts, the largest first. */
  readonly changes: readonly Change[];
}

/** Smaller differences do not count as a change: forecasts are stored with this many decimals. */
const SAME = 0.0005;
const ORDER: readonly ChangeKind[] = ['turned', 'picked', 'dropped', 'gone', 'new', 'line', 'forecast'];

/**
 * What the visible forecasts of a slate were after one publication, against another: by default the newest two. What is
 * compared is everything that was visible then, not only the rows of the publication. Throws TIPOFF_NOT_FOUND for an unknown
 * publication and for a slate with fewer than two.
 */
export async function publicationDifference(
  warehouse: Warehouse,
  slate: Slate,
  named: readonly [before: string | undefined, after: string | undefined],
): Promise<Difference> {
  const publications = (await listPublications(warehouse, slate)).toReversed();
  const ids = publications.map(({ publication_id }) => publication_id);
  const after = named[1] ?? ids.at(-1);
  const before = named[0] ?? ids[ids.indexOf(after ?? '') - 1];
  const unknown = [before, after].find((id) => id !== undefined && !ids.includes(id));
  if (before === undefined || after === undefined || unknown !== undefined) {
    throw new TipoffError(
      'TIPOFF_NOT_FOUND',
      unknown === undefined
        ? `expected two publications of ${slate} to compare, saw ${ids.length}`
        : `expected a publication of ${slate}, saw "${unknown}"`,
      { hint: `\`tipoff publish list --slate ${slate}\` lists them.`, details: { slate } },
    );
  }
  const sides = await Promise.all(
    [before, after].map(
      async (name): Promise<Side> => ({ name, rows: await visibleAfter(warehouse, slate, name) }),
    ),
  );
  return difference(slate, sides[0] as Side, sides[1] as Side);
}

/** Compares the visible forecasts of a slate in two homes. */
export async function homeDifference(
  slate: Slate,
  before: { readonly name: string; readonly warehouse: Warehouse },
  after: { readonly name: string; readonly warehouse: Warehouse },
): Promise<Difference> {
  const read = async ({ name, warehouse }: typeof before): Promise<Side> => ({
    name,
    rows: await warehouse.query<Visible>(
      `SELECT player_id, player_name, team_abbr, market, line, predicted, p_over, recommendation, is_actionable
       FROM nba_predictions.current_predictions
       WHERE slate = CAST(@slate AS DATE) AND system_id = @system AND line_role <> 'second'`,
      { slate, system: CHAMPION_SYSTEM },
    ),
  });
  return difference(slate, await read(before), await read(after));
}

/** What was visible at the moment after a publication: of every player and market the newest one not withdrawn by then. */
async function visibleAfter(warehouse: Warehouse, slate: Slate, publicationId: string): Promise<Visible[]> {
  return warehouse.query<Visible>(
    `WITH moment AS (
       SELECT event_at, fencing_token FROM nba_predictions.publications
       WHERE slate = CAST(@slate AS DATE) AND publication_id = @publication_id AND event = 'published'
     ),
     standing AS (
       SELECT v.publication_id, v.event_at, v.fencing_token FROM nba_predictions.publications v
       CROSS JOIN moment m
       LEFT JOIN nba_predictions.publications w ON w.publication_id = v.publication_id AND w.slate = v.slate AND w.event = 'withdrawn'
       WHERE v.slate = CAST(@slate AS DATE) AND v.event = 'published' AND v.event_at <= m.event_at
         AND (w.publication_id IS NULL OR w.event_at > m.event_at)
     ),
     taken_back AS (
       SELECT x.player_id, x.market, MAX(x.fencing_token) AS token
       FROM nba_predictions.withdrawals x
       CROSS JOIN moment m
       WHERE x.slate = CAST(@slate AS DATE) AND x.fencing_token <= m.fencing_token
       GROUP BY x.player_id, x.market
     )
     SELECT p.player_id, p.player_name, p.team_abbr, p.market, p.line, p.predicted, p.p_over, p.recommendation, p.is_actionable
     FROM nba_predictions.player_prop_predictions p
     JOIN standing s ON s.publication_id = p.publication_id
     LEFT JOIN taken_back x ON x.player_id = p.player_id AND x.market = p.market
     WHERE COALESCE(x.token, 0) <= s.fencing_token AND p.slate = CAST(@slate AS DATE) AND p.system_id = @system AND p.line_role <> 'second'
     QUALIFY RANK() OVER (PARTITION BY p.player_id, p.market ORDER BY s.event_at DESC, s.publication_id DESC) = 1`,
    { slate, publication_id: publicationId, system: CHAMPION_SYSTEM },
  );
}

function difference(slate: Slate, before: Side, after: Side): Difference {
  const keyed = (rows: readonly Visible[]): Map<string, Visible> =>
    new Map(rows.map((row) => [`${row.player_id} ${row.market}`, row]));
  const [was, is] = [keyed(before.rows), keyed(after.rows)];
  const changes: Change[] = [];
  let same = 0;
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(key) ?? null, is.get(key) ?? null];
    const kind = kindOf(old, now);
    const row = now ?? old;
    if (kind === undefined || row === null) same++;
    else {
      const { player_id, player_name, team_abbr, market } = row;
      changes.push({ kind, player_id, player_name, team_abbr, market, before: old, after: now });
    }
  }
  const size = ({ before: old, after: now }: Change): number =>
    Math.abs((now?.predicted ?? 0) - (old?.predicted ?? 0));
  changes.sort(
    (a, b) =>
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
      size(b) - size(a) ||
      a.player_name.localeCompare(b.player_name),
  );
  return {
    slate,
    before: before.name,
    after: after.name,
    compared: [...was.keys()].filter((key) => is.has(key)).length,
    same,
    changes,
  };
}

function kindOf(old: Visible | null, now: Visible | null): ChangeKind | undefined {
  if (now === null) return 'gone';
  if (old === null) return 'new';
  if (old.is_actionable && now.is_actionable && old.recommendation !== now.recommendation) return 'turned';
  if (!old.is_actionable && now.is_actionable) return 'picked';
  if (old.is_actionable && !now.is_actionable) return 'dropped';
  if (old.line !== now.line) return 'line';
  return Math.abs(old.predicted - now.predicted) > SAME ? 'forecast' : undefined;
}
