import { type Slate, seasonSpan } from '#core/calendar.ts';
import { periodOf } from '#pipeline/grade/periods.ts';
import { addBets, type BetCounts, NO_BETS, type Tally, tally } from '#pipeline/grade/tally.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { Draft } from './document.ts';
import type { Scope } from './scope.ts';
import { SEASON_PICKS, type SeasonPick } from './season-picks.ts';

/** The eight subsets in the order in which they are shown. */
export const SUBSETS: readonly { readonly id: string; readonly name: string }[] = [
  { id: 'top_pick', name: 'Top pick' },
  { id: 'top_3', name: 'Top 3' },
  { id: 'top_5', name: 'Top 5' },
  { id: 'high_edge_over', name: 'High edge, over' },
  { id: 'high_edge_all', name: 'High edge' },
  { id: 'ultra_high_edge', name: 'Ultra high edge' },
  { id: 'green_light', name: 'Green light' },
  { id: 'all_picks', name: 'All picks' },
];

export interface SubsetTally extends Tally {
  /** Picks of games that have no grade yet. */
  readonly pending: number;
}

/** One subset of one system in one record class, with its picks, newest first. */
export interface SubsetRow {
  readonly record_class: string;
  readonly system_id: string;
  readonly subset_id: string;
  readonly name: string;
  readonly record: {
    readonly season: SubsetTally;
    readonly months: readonly (SubsetTally & { readonly period: string })[];
    readonly weeks: readonly (SubsetTally & { readonly period: string })[];
  };
  readonly picks: readonly Omit<SeasonPick, 'record_class' | 'system_id' | 'subset_id' | 'profit'>[];
}

/**
 * Draft of `subsets.json` of a season: all eight subsets for every system and record class that has picks, with wins and
 * losses by season, month and ISO week, newest first. Live and backfill are rows of their own; nothing sums over them.
 */
export async function draftSeasonSubsets(warehouse: Warehouse, season: string, scope: Scope, cacheControl: string): Promise<Draft> {
  const picks = await warehouse.query<SeasonPick>(SEASON_PICKS, { ...seasonSpan(season) });
  const groups = Map.groupBy(picks, (pick) => `${pick.record_class}\n${pick.system_id}`);
  const rows = [...groups.values()].flatMap((group) => subsetsOf(group).map(({ id, name }) => subsetRow(id, name, group, season)));
  const empty = picks.length === 0;
  return {
    path: `exports/seasons/${season}/subsets.json`,
    kind: 'season-subsets',
    slate: null,
    season,
    publicationIds: empty ? scope.standing : [...new Set(picks.map((pick) => pick.publication_id))].sort(),
    rowCount: picks.length,
    rows,
    ...(empty ? { extra: { withdrawn: scope.withdrawn } } : {}),
    ...(empty && scope.standing.length === 0 && scope.withdrawn.length > 0 ? { emptyStatus: 'withdrawn' as const } : {}),
    cacheControl,
  };
}

/** The eight, then whatever else the table holds: a subset unknown here is shown under its id, not dropped. */
function subsetsOf(group: readonly SeasonPick[]): readonly { readonly id: string; readonly name: string }[] {
  const known = new Set(SUBSETS.map(({ id }) => id));
  const others = [...new Set(group.map((pick) => pick.subset_id))].filter((id) => !known.has(id)).sort();
  return [...SUBSETS, ...others.map((id) => ({ id, name: id }))];
}

function subsetRow(id: string, name: string, group: readonly SeasonPick[], season: string): SubsetRow {
  const picks = group.filter((pick) => pick.subset_id === id);
  const first = group[0];
  return {
    record_class: first?.record_class ?? '',
    system_id: first?.system_id ?? '',
    subset_id: id,
    name,
    record: { season: subsetTally(picks), months: byPeriod('month', picks, season), weeks: byPeriod('week', picks, season) },
    picks: picks.map(({ record_class: _class, system_id: _system, subset_id: _subset, profit: _profit, ...pick }) => pick),
  };
}

/** Picks are newest first, so their periods are too. */
function byPeriod(kind: 'month' | 'week', picks: readonly SeasonPick[], season: string): (SubsetTally & { readonly period: string })[] {
  const periods = Map.groupBy(picks, (pick) => periodOf(kind, pick.slate as Slate, season));
  return [...periods].map(([period, some]) => ({ period, ...subsetTally(some) }));
}

function subsetTally(picks: readonly SeasonPick[]): SubsetTally {
  const pending = picks.filter((pick) => pick.result === 'pending').length;
  return { ...tally(picks.map(betOf).reduce(addBets, NO_BETS)), pending };
}

function betOf({ result, profit }: SeasonPick): BetCounts {
  const one = (name: string): number => (result === name ? 1 : 0);
  return { wins: one('win'), losses: one('loss'), pushes: one('push'), voids: one('void'), profit: profit ?? 0 };
}
