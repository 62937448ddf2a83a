import { describe, expect, it } from 'vitest';
import type { PlayerBoxScore } from '#core/contracts/nba_raw.ts';
import type { LeagueRows } from '#simulate/league-rows.ts';
import { tinyLeague } from '#test/fakes/tiny-league.ts';
import { boxViolations } from './league-checks.ts';

const { tables } = tinyLeague();

/** The league with one played row changed. */
function withPlayer(change: Partial<PlayerBoxScore>): LeagueRows {
  const index = tables.playerBoxScores.findIndex((row) => (row.minutes ?? 0) > 20);
  return {
    ...tables,
    playerBoxScores: tables.playerBoxScores.map((row, i) => (i === index ? { ...row, ...change } : row)),
  };
}

describe('box scores of the simulated league', () => {
  it('agree with themselves, with the team rows and with the results', () => {
    expect(tables.teamBoxScores.length).toBeGreaterThan(300);
    expect(boxViolations(tables)).toEqual([]);
  });

  it('name players who did not play, with a reason', () => {
    const reasons = tables.playerBoxScores.filter((row) => !row.played).map((row) => row.dnp_reason ?? '');
    expect(reasons.some((reason) => reason === "DNP - Coach's Decision")).toBe(true);
    expect(reasons.some((reason) => reason.startsWith('DND - Injury/Illness'))).toBe(true);
    expect(reasons).not.toContain('');
  });

  it('list the whole roster of both teams once', () => {
    const keys = tables.playerBoxScores.map((row) => `${row.game_id} ${row.player_id}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(tables.teamBoxScores.length * 15);
  });

  it.each([
    ['a point too many', { points: 61 }, 'points'],
    ['a second too many', { minutes: 47.9 }, 'minutes'],
    ['a seventh foul', { pf: 7 }, 'fouls'],
    ['a missing rebound', { reb: 40 }, 'rebounds'],
    ['a reason on a player who played', { dnp_reason: 'Rest' }, 'played with a reason'],
  ])('would be caught with %s', (_, change, complaint) => {
    expect(boxViolations(withPlayer(change)).join('\n')).toContain(complaint);
  });

  it('would be caught with a tie', () => {
    const [a, b, ...rest] = tables.teamBoxScores;
    if (a === undefined || b === undefined) throw new Error('expected results');
    expect(
      boxViolations({ ...tables, teamBoxScores: [{ ...a, points: b.points }, b, ...rest] }).join('\n'),
    ).toContain('a tie');
  });
});
