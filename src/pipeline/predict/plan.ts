import { type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { RUN_MODES, type RunMode } from '#core/run-modes.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { readCandidates, slateGames } from './candidates.ts';
import { gate, type SkipReason } from './gate.ts';

/** The gate's word on one player: predicted when `skip` is absent. */
export interface Verdict {
  readonly player_id: number;
  readonly skip: SkipReason | undefined;
}

/** What a batch of a slate would do now. */
export interface Plan {
  /** Counted games that stand. */
  readonly games: number;
  /** One per player of the slate's context, in the order of games and players. */
  readonly verdicts: readonly Verdict[];
}

/**
 * Reads the slate and asks the gate about every player of its context. Changes nothing. A plan without games has no verdicts.
 *
 * Throws TIPOFF_BAD_INPUT when mode and date do not go together, or a named player is not in the context; TIPOFF_NOT_READY
 * when the slate has games and nobody stands in its context; and whatever the warehouse throws: an unreadable gate neither
 * lets everybody through nor nobody.
 */
export async function planBatch(
  warehouse: Warehouse,
  request: { readonly slate: Slate; readonly mode: RunMode; readonly players?: readonly number[] },
  now: Date,
): Promise<Plan> {
  const { slate, mode, players } = request;
  const games = await slateGames(warehouse, slate);
  if (games.length === 0) return { games: 0, verdicts: [] };
  checkMode(
    slate,
    mode,
    games.map(({ tipoff_at }) => tipoff_at),
    now,
  );
  const candidates = await readCandidates(warehouse, slate);
  if (candidates.length === 0) {
    throw new TipoffError('TIPOFF_NOT_READY', `${slate} has ${games.length} games and nobody in its player context`, {
      hint: `Run \`tipoff day ${slate}\`, which computes contexts and features first.`,
      details: { slate, games: games.length },
    });
  }
  const verdicts = new Map<number, Verdict>();
  for (const candidate of candidates) {
    const { player_id } = candidate;
    const skip = gate(candidate, mode, now);
    // A player may stand in the context of two teams; he is expected once, with the game that has his features.
    if (!verdicts.has(player_id) || skip === undefined) verdicts.set(player_id, { player_id, skip });
  }
  if (players === undefined) return { games: games.length, verdicts: [...verdicts.values()] };
  const unknown = players.filter((id) => !verdicts.has(id));
  if (unknown.length > 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected players of the slate ${slate}, saw ${unknown.join(', ')}`, {
      hint: 'Name players of the slate by their NBA player ids, or nobody for all.',
      details: { slate, unknown },
    });
  }
  return { games: games.length, verdicts: [...verdicts.values()].filter(({ player_id }) => players.includes(player_id)) };
}

/** Players by skip reason. */
export function skippedBy(verdicts: readonly Verdict[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { skip } of verdicts) if (skip !== undefined) counts[skip] = (counts[skip] ?? 0) + 1;
  return counts;
}

/** Throws TIPOFF_BAD_INPUT when mode and date of a slate, whose games tip off at these instants, do not go together. */
export function checkMode(slate: Slate, mode: RunMode, tipoffs: readonly string[], now: Date): void {
  const today = slateOf(now);
  const isOver = tipoffs.every((tipoff) => Date.parse(tipoff) <= now.getTime());
  const isBackfill = RUN_MODES[mode].backfill;
  if (isBackfill && slate >= today && !isOver) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a slate that is over for ${mode}, saw ${slate}; today is ${today}`, {
      hint: 'Use FIRST, RETRY, FINAL_RETRY or LAST_CALL for games that are still to come.',
      details: { slate, mode, today },
    });
  }
  if (!isBackfill && isOver) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `every game of ${slate} has begun: ${mode} predicts before tip-off only`, {
      hint: 'Use BACKFILL; its rows are kept apart from the live record.',
      details: { slate, mode, today },
    });
  }
}
