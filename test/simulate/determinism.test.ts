import { describe, expect, it } from 'vitest';
import { type LeagueBatch, simulateLeague, simulateSlates } from '#simulate/league.ts';
import { addRows, emptyRows, type LeagueRows } from '#simulate/league-rows.ts';
import type { LeagueOptions } from '#simulate/options.ts';

const SMALL: LeagueOptions = { seed: 5, seasons: ['2024-25'], teams: 8, gamesPerTeam: 16 };

const small = simulateLeague(SMALL);

function bytes(options: LeagueOptions): string {
  return JSON.stringify(simulateLeague(options).tables);
}

/** The tables in which `shorter` is not the beginning of `longer`. */
function notPrefixes(shorter: LeagueRows, longer: LeagueRows): string[] {
  const tables = new Map<string, readonly object[]>(Object.entries(longer));
  return Object.entries(shorter).flatMap(([name, rows]: [string, readonly object[]]) => {
    const start = (tables.get(name) ?? []).slice(0, rows.length);
    return JSON.stringify(start) === JSON.stringify(rows) ? [] : [name];
  });
}

describe('a simulated league', () => {
  it('is the same, byte for byte, for equal options', () => {
    expect(bytes({ ...SMALL })).toBe(JSON.stringify(small.tables));
  });

  it('comes day by day as well, in the order of the days', () => {
    const batches: LeagueBatch[] = [...simulateSlates(SMALL)];
    const rows = emptyRows();
    for (const batch of batches) addRows(rows, batch.rows);
    expect(rows).toEqual(small.tables);
    const played = batches.filter(({ kind }) => kind === 'played').map(({ slate }) => slate);
    expect(played).toEqual([...new Set(played)].sort());
    expect(played).toEqual(small.slates);
  });

  it('is another one for another seed', () => {
    expect(bytes({ ...SMALL, seed: 6 })).not.toBe(JSON.stringify(small.tables));
  });

  it.each(['2024-10-22', '2024-11-08', '2024-11-20', '2024-12-25'])(
    'that stops on %s is the beginning of the one that goes on',
    (through) => {
      const shorter = simulateLeague({ ...SMALL, through });
      expect(notPrefixes(shorter.tables, small.tables)).toEqual([]);
      expect(shorter.tables.playerBoxScores.every((row) => row.slate < through)).toBe(true);
    },
  );

  it('of one season is the beginning of the one with two', () => {
    const two = simulateLeague({ ...SMALL, seasons: ['2024-25', '2025-26'] });
    expect(notPrefixes(small.tables, two.tables)).toEqual([]);
    expect(notPrefixes(simulateLeague({ ...SMALL, seed: 6 }).tables, two.tables)).not.toEqual([]);
  });

  it('keeps its results when a feed is left out or shots and rosters are added', () => {
    const bare = simulateLeague({
      ...SMALL,
      withShots: true,
      withRosters: true,
      scenario: { noLines: true, noStatusFeed: true },
    });
    expect(bare.tables.playerBoxScores).toEqual(small.tables.playerBoxScores);
    expect(
      [bare.tables.playerLines, bare.tables.gameLines, bare.tables.injuryReports].map((rows) => rows.length),
    ).toEqual([0, 0, 0]);
    expect([small.tables.shots.length, bare.tables.shots.length > 0]).toEqual([0, true]);
    expect(small.tables.rosterPlayers).toEqual([]);
  });

  it('lists on the morning of a slate whoever is on a roster, and so everybody who is in a box score of it', () => {
    const { tables } = simulateLeague({ ...SMALL, withRosters: true });
    expect(tables).toEqual({ ...small.tables, rosterPlayers: tables.rosterPlayers });
    const place = (day: string, team: string | null, player: number | null) => `${day} ${team} ${player}`;
    const listed = new Set(
      tables.rosterPlayers.map((row) =>
        place(String(row.observed_at).slice(0, 10), row.team_abbr, row.player_id),
      ),
    );
    const strangers = tables.playerBoxScores.filter(
      (row) => !listed.has(place(row.slate, row.team_abbr, row.player_id)),
    );
    expect(strangers).toEqual([]);
  });

  it('has a schedule, reports and lines, and no results, on the slate on which it stops', () => {
    const { tonight, tables } = simulateLeague({ ...SMALL, through: '2024-11-08' });
    const of = (rows: readonly { slate: string }[]): number =>
      rows.filter((row) => row.slate === tonight).length;
    expect(tonight).toBe('2024-11-08');
    expect(of(tables.playerLines)).toBeGreaterThan(20);
    expect(of(tables.injuryReports)).toBeGreaterThan(0);
    expect(of(tables.playerBoxScores) + of(tables.teamBoxScores)).toBe(0);
    expect(
      tables.scheduleGames.filter((row) => row.statement === 'published' && row.slate > '2024-11-08').length,
    ).toBeGreaterThan(0);
  });

  it('knows nothing before its first schedule is published', () => {
    const { rows, tonight } = simulateLeague({ ...SMALL, through: '2024-08-01' });
    expect(rows.every((table) => table.rows.length === 0)).toBe(true);
    expect(tonight).toBeNull();
  });
});
