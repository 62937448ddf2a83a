import { describe, expect, it } from 'vitest';
import { describeLeague } from '#simulate/league.ts';
import { TINY_TONIGHT, tinyLeague } from '#test/fakes/tiny-league.ts';

describe('the description of a league', () => {
  it('says first that it is simulated and that nothing in it is real', () => {
    const [first] = describeLeague(tinyLeague());
    expect(first).toContain('simulated');
    expect(first).toContain('invented');
    expect(first).toContain('seed 11');
  });

  it('counts what there is', () => {
    const league = tinyLeague();
    const text = describeLeague(league).join('\n');
    expect(text).toContain(`${league.tables.playerLines.length.toLocaleString('en-US')} player lines`);
    expect(text).toContain(
      `${(league.tables.teamBoxScores.length / 2).toLocaleString('en-US')} games played on ${league.slates.length} slates`,
    );
    expect(text).toContain('2 games postponed');
  });

  it('ends with tonight', () => {
    const lines = describeLeague(tinyLeague());
    expect(lines[lines.length - 1]).toMatch(
      new RegExp(`^Tonight is ${TINY_TONIGHT}: \\d+ games? without results, tip-offs from`),
    );
  });

  it('names the feeds that are left out', () => {
    const text = describeLeague(
      tinyLeague({ through: '2023-10-25', scenario: { noLines: true, noStatusFeed: true } }),
    ).join('\n');
    expect(text).toContain('No lines');
    expect(text).toContain('No injury reports');
  });
});
